from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from admin.doctor.database import check_database
from admin.doctor.finding import Level
from infra.local import LocalStack
from tests.doctor.conftest import Diagnose, change_url

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def role(sql: Sql) -> Iterator[str]:
    """A role that owns nothing and may do nothing but connect."""
    sql("CREATE ROLE guest LOGIN PASSWORD 'hidden'")
    yield "guest"
    sql("DROP OWNED BY guest", "DROP ROLE guest")


def test_a_database_as_it_should_be(diagnose: Diagnose) -> None:
    """Every check says so."""
    found = diagnose(check_database)
    assert {each.level for each in found.values()} == {Level.OK}
    assert list(found) == [
        *("connection", "version", "encoding", "writes", "isolation"),
        *("pooler", "migrations", "rights", "clock", "connections"),
    ]


@pytest.mark.parametrize(
    ("changes", "seen", "todo"),
    [
        ({"user": "darkroom"}, "password authentication failed", "the password"),
        ({"user": "nobody"}, "password authentication failed", "the password"),
        ({"name": "nowhere"}, 'database "nowhere" does not exist', "Create it"),
        ({"port": 1}, "Connection refused", "Start PostgreSQL"),
    ],
)
def test_a_database_that_cannot_be_reached(
    changes: dict[str, Any], seen: str, todo: str, servers: LocalStack, diagnose: Diagnose
) -> None:
    """What the server says, what to do about it, and no password."""
    found = diagnose(check_database, DATABASE_URL=change_url(servers, **changes))
    assert list(found) == ["connection"]
    assert found["connection"].level is Level.ERROR
    assert seen in found["connection"].seen
    assert todo in found["connection"].todo
    assert "hidden" not in str(found)


def test_a_role_that_may_only_read(role: str, sql: Sql, servers: LocalStack, diagnose: Diagnose) -> None:
    """The tables are named."""
    sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    found = diagnose(check_database, DATABASE_URL=change_url(servers, user=role))
    assert found["rights"].level is Level.ERROR
    assert "guest may not read and write account_clocks, account_queues" in found["rights"].seen
    assert found["rights"].todo.endswith("IN SCHEMA public TO guest")


def test_a_role_that_cannot_migrate(role: str, sql: Sql, servers: LocalStack, diagnose: Diagnose) -> None:
    """Which is a warning: many deployments migrate with another role."""
    sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    found = diagnose(check_database, DATABASE_URL=change_url(servers, user=role))
    assert (found["rights"].level, found["migrations"].level) == (Level.WARNING, Level.OK)


@pytest.mark.parametrize(
    ("setting", "value", "check", "level", "seen"),
    [
        ("default_transaction_read_only", "on", "writes", Level.ERROR, "sessions are read-only"),
        # Every session of ours, or every transaction, asks for its own.
        ("default_transaction_isolation", "serializable", "isolation", Level.OK, "read committed"),
    ],
)
def test_defaults_of_a_role(
    *,
    setting: str,
    value: str,
    check: str,
    level: Level,
    seen: str,
    role: str,
    sql: Sql,
    servers: LocalStack,
    diagnose: Diagnose,
) -> None:
    """What a role, a database or a server sets for every session is found in a session."""
    sql(f"GRANT pg_read_all_data, pg_write_all_data TO {role}", f"ALTER ROLE {role} SET {setting} TO {value}")
    found = diagnose(check_database, DATABASE_URL=change_url(servers, user=role))
    assert (found[check].level, found[check].seen) == (level, seen)


@pytest.mark.parametrize(
    ("statements", "level", "seen"),
    [
        ([], Level.ERROR, "none has been run"),
        (["CREATE TABLE alembic_version (version_num text)"], Level.ERROR, "none has been run"),
        (
            ["CREATE TABLE alembic_version AS SELECT '0003' AS version_num"],
            Level.ERROR,
            "at 0003, and this release needs ",
        ),
        (
            ["CREATE TABLE alembic_version AS SELECT '9999' AS version_num"],
            Level.WARNING,
            "at 9999, which is of a newer ",
        ),
    ],
)
def test_migrations_that_are_not_up_to_date(
    *, statements: list[str], level: Level, seen: str, sql: Sql, servers: LocalStack, diagnose: Diagnose
) -> None:
    """None at all, those of an older release, and those of a newer one."""
    sql("CREATE DATABASE other")
    try:
        sql(*statements, name="other")
        found = diagnose(check_database, DATABASE_URL=change_url(servers, name="other"))
    finally:
        sql("DROP DATABASE other")
    assert found["migrations"].level is level
    assert found["migrations"].seen.startswith(seen)


def test_an_encoding_without_most_scripts(sql: Sql, servers: LocalStack, diagnose: Diagnose) -> None:
    """A prompt in another script than Latin could not be stored."""
    sql("CREATE DATABASE old ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
    try:
        found = diagnose(check_database, DATABASE_URL=change_url(servers, name="old"))
    finally:
        sql("DROP DATABASE old")
    assert (found["encoding"].level, found["encoding"].seen) == (Level.ERROR, "LATIN1")


def test_few_connections(role: str, sql: Sql, servers: LocalStack, diagnose: Diagnose) -> None:
    """The limit of the role counts, as that of the database and of the server."""
    sql(f"GRANT pg_read_all_data TO {role}", f"ALTER ROLE {role} CONNECTION LIMIT 45")
    found = diagnose(check_database, DATABASE_URL=change_url(servers, user=role))
    assert found["connections"].level is Level.WARNING
    assert "45 allowed" in found["connections"].seen
    assert "enough for 2 processes of DATABASE_POOL_SIZE=20" in found["connections"].seen
    assert diagnose(check_database, DATABASE_POOL_SIZE="10")["connections"].level is Level.OK


def test_clocks_that_differ(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour is seen, with its direction."""
    true = time.time
    monkeypatch.setattr("admin.doctor.database.time.time", lambda: true() - 3600)
    clock = diagnose(check_database)["clock"]
    assert (clock.level, clock.seen) == (Level.WARNING, "3600.0 s ahead of this machine's")
