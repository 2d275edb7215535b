"""The API as it is deployed, for raw sockets, and receivers of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import get_engine, transaction
from core.settings import get_settings
from infra.local import LocalStack
from tests.http.receivers import Receivers
from tests.http.served import ServedApi, serving

#: Where the world reaches the API in these tests: behind a proxy, and under a prefix.
PUBLIC_URL = "https://pictures.example/darkroom"


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receivers]:
    """Receivers under one name and port."""
    with ExitStack() as closing:
        yield Receivers(closing, monkeypatch)


@pytest.fixture(scope="package")
def api_key(servers: LocalStack) -> Iterator[str]:
    """A key of an account."""
    with transaction() as session:
        account_id = create_account(session, name="strangers").id
        api_key = issue_api_key(session, account_id=account_id, pepper=get_settings().api_key_pepper.get_secret_value())
    yield api_key
    get_engine().dispose()


@pytest.fixture(scope="package")
def shared_api(api_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    """The API, started once."""
    with serving(api_key, tmp_path_factory.mktemp("api"), PUBLIC_URL=PUBLIC_URL) as api:
        yield api


@pytest.fixture
def api(shared_api: ServedApi) -> Iterator[ServedApi]:
    """The API. Whatever a test sends, it logs no error, and it answers afterwards."""
    logged = len(shared_api.log.read_text())
    yield shared_api
    assert shared_api.errors(since=logged) == []
    assert shared_api.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").statuses == [200]
