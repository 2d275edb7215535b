"""What DATABASE_URL says, on a real server: the service and its migrations understand it alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from core.database import build_migration_engine, transaction
from core.settings import get_settings
from infra.local import LocalStack
from infra.local.ports import Ports
from tests.conftest import REPOSITORY
from tests.database.conftest import Administer, Use, UsePooler, show, submit_many


@pytest.fixture
def schema(administer: Administer) -> Iterator[str]:
    """An empty schema, named as no role's search path would name it."""
    administer("CREATE SCHEMA elsewhere")
    yield "elsewhere"
    administer("DROP SCHEMA elsewhere CASCADE")


@pytest.mark.parametrize("options", ["-csearch_path={}", "-c%20search_path%3D{}", "--search-path={}"])
def test_migrations_and_the_service_use_one_schema(
    options: str, schema: str, servers: LocalStack, use: Use, administer: Administer
) -> None:
    """The one that the address names, however it is written."""
    with use(f"{servers.environment['DATABASE_URL']}?options={options.format(schema)}"):
        command.upgrade(Config(REPOSITORY / "alembic.ini"), "head")
        assert submit_many(4) == {202: 4}

    assert administer(f"SELECT count(*) FROM {schema}.jobs") == [(4,)]
    assert administer(f"SELECT count(*) FROM {schema}.alembic_version") == [(1,)]


def test_migrations_and_the_service_use_one_schema_through_a_pooler(
    schema: str, use_pooler: UsePooler, administer: Administer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In session mode, once that is said; until then migrations are refused, since some of them are no transactions."""
    alembic = Config(REPOSITORY / "alembic.ini")
    query = f"options=-csearch_path={schema}"
    with use_pooler(pool_mode="session", query=query), pytest.raises(SystemExit, match="DATABASE_POOLER=session"):
        command.upgrade(alembic, "head")
    assert administer(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'") == []

    monkeypatch.setenv("DATABASE_POOLER", "session")
    with use_pooler(pool_mode="session", query=f"options=-csearch_path={schema}"):
        command.upgrade(alembic, "head")
        command.downgrade(alembic, "0001")
        command.upgrade(alembic, "head")
        assert submit_many(4) == {202: 4}

    assert administer(f"SELECT count(*) FROM {schema}.jobs") == [(4,)]


@pytest.mark.parametrize("pool_mode", ["session", "transaction"])
def test_migrations_run_through_a_pooler(
    pool_mode: str, servers: LocalStack, use_pooler: UsePooler, administer: Administer
) -> None:
    """Down and up again, those included that build an index beside the service."""
    alembic = Config(REPOSITORY / "alembic.ini")
    with use_pooler(pool_mode=pool_mode):
        command.downgrade(alembic, "0001")
        command.upgrade(alembic, "head")
        command.check(alembic)
        assert submit_many(4) == {202: 4}


@pytest.mark.parametrize(
    ("query", "name", "expected"),
    [
        ("application_name=blue", "application_name", "blue"),
        ("fallback_application_name=green", "application_name", "green"),
        ("", "application_name", "darkroom"),
        ("options=-cstatement_timeout=7s", "statement_timeout", "7s"),
        ("options=-cstatement_timeout%3D7000", "statement_timeout", "7s"),
        ("options=--lock-timeout=1s%20-c%20work_mem=8MB", "lock_timeout", "1s"),
        ("options=--lock-timeout=1s%20-c%20work_mem=8MB", "work_mem", "8MB"),
        ("options=--lock-timeout=1s%20-c%20work_mem=8MB", "statement_timeout", "15s"),
    ],
)
def test_what_the_address_asks_for_is_in_force(
    query: str, name: str, expected: str, use: Use, use_pooler: UsePooler
) -> None:
    """Directly, and through each kind of pooler."""
    with use(f"{get_settings().database_url}?{query}"):
        assert show(name) == expected
    for pool_mode in ("session", "transaction"):
        with use_pooler(pool_mode=pool_mode, query=query):
            assert show(name) == expected


def test_a_migration_has_limits_of_its_own(servers: LocalStack, use_pooler: UsePooler) -> None:
    """It waits less long for a table than the service, and may work for longer, whatever the address asks for."""
    expected = {"statement_timeout": "1min", "lock_timeout": "4s", "transaction_isolation": "read committed"}
    query = "options=-cstatement_timeout=1s%20-clock_timeout=1min"
    with use_pooler(pool_mode="transaction") as pooled:
        for url in (f"{servers.environment['DATABASE_URL']}?{query}", pooled):
            engine = build_migration_engine(url)
            with engine.begin() as connection:
                assert {name: connection.scalar(text(f"SHOW {name}")) for name in expected} == expected
            engine.dispose()


@pytest.mark.parametrize(
    "form", ["{user}@{dead},{alive}/{name}", "{user}@/{name}?host={dead_host},{host}&port={dead_port},{port}"]
)
def test_the_next_host_is_tried(form: str, servers: LocalStack, use: Use) -> None:
    """Where the first one of the address does not answer."""
    rest = servers.environment["DATABASE_URL"].partition("://")[2]
    user, _, place = rest.rpartition("@")
    alive, _, name = place.partition("/")
    host, _, port = alive.partition(":")
    ports = Ports()
    dead_port = ports.reserve()
    parts = {"user": user, "alive": alive, "name": name, "host": host, "port": port}
    dead = {"dead": f"{host}:{dead_port}", "dead_host": host, "dead_port": dead_port}
    with use("postgresql://" + form.format(**parts, **dead)):
        with transaction() as session:
            assert session.scalar(text("SELECT 1")) == 1
        assert "," in get_settings().database_url
    ports.release()
