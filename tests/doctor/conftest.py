"""The doctor's checks of one area, on the real servers, with settings that a test changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from admin.doctor.finding import Finding
from core.artifacts import storage
from core.settings import Settings, get_settings
from infra.local import LocalStack
from tests.integration.conftest import account_id, database, submit  # noqa: F401  (fixtures)

#: Runs the checks of an area with these settings instead of the servers' own, and returns the findings by what they check.
Diagnose = Callable[..., dict[str, Finding]]

_CACHES = (get_settings, storage.bucket_in_a_hurry, storage._session, storage._link_signer)


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Forgets the settings that this process has read, now and when the test is over."""

    def forget_all() -> None:
        for cached in _CACHES:
            cached.cache_clear()

    yield forget_all
    monkeypatch.undo()
    forget_all()


@pytest.fixture
def diagnose(servers: LocalStack, forget: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    def run(check: Callable[[Settings], Iterator[Finding]], **variables: str) -> dict[str, Finding]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        forget()
        found = list(check(get_settings()))
        assert not [each for each in found if "\n" in str(each)]
        return {each.check: each for each in found}

    return run


@pytest.fixture
def sql(servers: LocalStack) -> Callable[..., list[tuple[Any, ...]]]:
    """Runs statements as the database's superuser."""

    def run(*statements: str, name: str = "darkroom") -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(change_url(servers, name=name), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows

    return run


def change_url(
    servers: LocalStack,
    *,
    user: str | None = None,
    name: str = "darkroom",
    port: int | None = None,
    driver: str = "",
) -> str:
    """The servers' DATABASE_URL for another role (whose password is `hidden`), another database's name, or port."""
    credentials, _, address = servers.environment["DATABASE_URL"].partition("://")[2].rpartition("@")
    server = address.partition("/")[0]
    if port is not None:
        server = f"{server.partition(':')[0]}:{port}"
    return f"postgresql{driver}://{f'{user}:hidden' if user else credentials}@{server}/{name}"


@pytest.fixture(autouse=True)
def _only_these_servers(servers: LocalStack) -> None:
    assert os.environ["DATABASE_URL"] == servers.environment["DATABASE_URL"]
