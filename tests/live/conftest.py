"""The API as processes, on empty tables; what a worker would do is done by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import LocalStack
from tests.http.served import ServedApi, serving
from tests.integration.conftest import account_id, api_key, database, other_account_id, submit  # noqa: F401  (fixtures)
from tests.live.readers import StreamReader

#: Opens a stream that is closed when the test ends.
Read = Callable[..., StreamReader]


@pytest.fixture(scope="package")
def shared_api(servers: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    """The API, started once, with few threads."""
    with serving("", tmp_path_factory.mktemp("api"), API_THREADS="4", API_MAX_STREAMS="200") as api:
        yield api


@pytest.fixture
def api(shared_api: ServedApi, api_key: str) -> Iterator[ServedApi]:  # noqa: F811  (a fixture of the same name)
    """The API for an account of the test's own. It logs no error, whatever a test does."""
    logged = len(shared_api.log.read_text())
    yield replace(shared_api, api_key=api_key)
    assert shared_api.errors(since=logged) == []


@pytest.fixture
def read(api: ServedApi) -> Iterator[Read]:
    """Open streams."""
    with ExitStack() as closing:

        def open_stream(path: str, **options: object) -> StreamReader:
            reader = StreamReader(api, path, **options)  # type: ignore[arg-type]
            closing.callback(reader.close)
            return reader

        yield open_stream


@pytest.fixture
def start_replica(api: ServedApi, tmp_path: Path) -> Iterator[Callable[..., ServedApi]]:
    """Start another API for the same account."""
    with ExitStack() as stack:

        def start(**settings: str) -> ServedApi:
            folder = tmp_path / f"api-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(serving(api.api_key, folder, **settings))  # type: ignore[arg-type]  # settings alone

        yield start
