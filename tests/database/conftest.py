"""Databases and poolers of a test's own, at which this process's settings point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest
from sqlalchemy import text

from api.app import create_app
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import get_engine, transaction
from core.database.transaction import _sessions, _without_transactions
from core.database_address import parse_database_url
from core.settings import get_settings
from infra.local import LocalStack
from infra.pooler import run_pgbouncer
from tests.database.pooler import require_pgbouncer

#: Makes this process use the database at an address until the block ends.
Use = Callable[[str], AbstractContextManager[None]]

#: Runs a PgBouncer with these settings and makes this process use it until the block ends; yields its address.
UsePooler = Callable[..., AbstractContextManager[str]]

#: Runs one statement on the database itself, as its superuser, and returns the rows.
Administer = Callable[[str], list[Any]]


@pytest.fixture
def administer(servers: LocalStack) -> Administer:
    """Run a statement on the database itself."""

    def run(statement: str) -> list[Any]:
        parameters = parse_database_url(servers.environment["DATABASE_URL"]).parameters
        with psycopg.connect(**parameters, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def use(servers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Point this process at another address of a database."""

    @contextmanager
    def point(url: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", url)
            _close_connections()
            try:
                yield
            finally:
                _close_connections()
        get_settings.cache_clear()

    return point


@pytest.fixture
def use_pooler(servers: LocalStack, use: Use, monkeypatch: pytest.MonkeyPatch) -> UsePooler:
    """Point this process at the database through a PgBouncer."""

    @contextmanager
    def run(query: str = "", pooler: str | None = None, **settings: Any) -> Iterator[str]:
        require_pgbouncer()
        with (
            monkeypatch.context() as patch,
            run_pgbouncer(servers.environment["DATABASE_URL"], **settings) as address,
        ):
            if pooler is not None:
                patch.setenv("DATABASE_POOLER", pooler)
            url = f"{address}?{query}"
            with use(url):
                yield url

    return run


@pytest.fixture
def settings_of_role(administer: Administer) -> Iterator[Callable[..., None]]:
    """Give the role settings in this database, as an operator does; they end with the test."""

    def give(**settings: str) -> None:
        for name, value in settings.items():
            administer(f"ALTER ROLE darkroom IN DATABASE darkroom SET {name} = '{value}'")
        get_engine().dispose()

    yield give
    administer("ALTER ROLE darkroom IN DATABASE darkroom RESET ALL")
    get_engine().dispose()


def submit_many(count: int, *, threads: int = 24) -> Counter[int]:
    """Sends jobs to the API of this process, of one account and many at a time, and counts the answers by status."""
    with transaction() as session:
        account = create_account(session, name="busy")
        key = issue_api_key(session, account_id=account.id, pepper=get_settings().api_key_pepper.get_secret_value())
    app = create_app()

    def send(number: int) -> int:
        with app.test_client() as client:
            # Half of them take the long way.
            headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": f"job-{number}"} if number % 2 else {})
            return client.post("/v1/jobs", json={"prompt": "a red mug"}, headers=headers).status_code

    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(send, range(count)))


class Shown(NamedTuple):
    """The value of a setting."""

    value: str


def show(name: str) -> str:
    """The value of a setting in a transaction of the service."""
    with transaction() as session:
        return str(session.scalar(text(f"SHOW {name}")))


def _close_connections() -> None:
    get_engine().dispose()
    get_settings.cache_clear()
    for built in (get_engine, _sessions, _without_transactions):
        built.cache_clear()
