"""A real standby, promoted while its primary is dead."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.database import build_engine, find_read_only_reason, is_unavailable
from infra.local import LocalStack
from infra.local.ports import Ports
from tests.failover.standby import DatabaseServer, first_server, second_server
from tests.faults.service import wait_until

pytestmark = pytest.mark.slow

_REFUSED = {
    "25006": "create table t ()",
    "25006, a lock of rows": "select id from accounts for update",
    "0A000": "set transaction isolation level serializable",
    "55000": "select pg_current_wal_lsn()",
}


@dataclass(frozen=True)
class Pair:
    """Two servers, of which the second follows the first."""

    primary: DatabaseServer
    standby: DatabaseServer

    @property
    def both(self) -> str:
        """The address of both."""
        host = f"@127.0.0.1:{self.primary.postgres.port}"
        return self.primary.url.replace(host, f"{host},127.0.0.1:{self.standby.postgres.port}")


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary and its standby."""
    ports = Ports()
    with LocalStack(only=["database"]) as stack:
        primary = first_server(stack, stack.environment["DATABASE_URL"])
        with second_server(stack, port=ports.reserve(), like=primary) as standby:
            standby.follow(primary)
            yield Pair(primary, standby)
    ports.release()


def test_what_a_standby_refuses_is_not_our_mistake(pair: Pair) -> None:
    """Whatever its SQLSTATE, the database is away, and the session leaves the pool; a mistake stays a mistake. The pool writes
    as soon as the standby is promoted.
    """
    with _pool(pair.standby.url) as engine:
        for name, statement in _REFUSED.items():
            with engine.connect() as connection:
                process = _driver(connection).info.backend_pid
                with pytest.raises(DBAPIError) as refused:
                    connection.exec_driver_sql(statement)
            assert str(getattr(refused.value.orig, "sqlstate", "")) == name[:5]
            assert is_unavailable(refused.value), name
            assert _process(engine) != process, name
        with pytest.raises(DBAPIError) as mistaken, engine.connect() as connection:
            connection.exec_driver_sql("select 1 / 0")
        assert not is_unavailable(mistaken.value)
        with engine.connect() as connection:
            reason = find_read_only_reason(connection)
        assert reason is not None
        assert "standby" in reason

        pair.primary.part.kill()
        pair.standby.promote()
        _write(engine)


def test_a_query_that_conflicts_with_recovery_is_not_our_mistake(pair: Pair) -> None:
    """A standby ends a read that looks at what the primary has removed: the database is away."""
    pair.standby.query("alter system set max_standby_streaming_delay = 0")
    pair.standby.query("select pg_reload_conf()")
    with _pool(pair.standby.url) as engine:
        with engine.connect() as connection:
            connection.exec_driver_sql("set transaction isolation level repeatable read")
            connection.exec_driver_sql("select count(*) from webhook_attempts")
            pair.primary.query("drop table webhook_attempts")
            with pytest.raises(SQLAlchemyError) as ended:
                connection.exec_driver_sql("select pg_sleep(10)")
        assert is_unavailable(ended.value)


def test_a_server_that_is_starting_up_is_not_our_mistake(pair: Pair) -> None:
    """It listens, and lets nobody in (SQLSTATE 57P03), as a new primary does while it catches up: the database is away."""
    pair.standby.query("alter system set hot_standby = off")
    pair.standby.part.stop()
    pair.standby.part.start()
    with _pool(pair.standby.url) as engine:
        wait_until(lambda: "not accepting connections" in str(_connecting_fails(engine)), "it listens")
        assert is_unavailable(_connecting_fails(engine))


def test_a_pool_of_two_hosts_finds_the_new_primary(pair: Pair) -> None:
    """Statements fail as of a database that is away while there is no primary; and are written within ten seconds of the new
    one, by the same pool. What was committed before is there.
    """
    with _pool(pair.both) as engine:
        _write(engine)
        pair.primary.part.kill()
        with pytest.raises(SQLAlchemyError) as refused:
            _write(engine)
        assert is_unavailable(refused.value)

        pair.standby.promote()
        promoted_at = time.monotonic()
        _write(engine)
        assert time.monotonic() - promoted_at < 10
        with engine.connect() as connection:
            assert connection.scalar(text("select count(*) from pg_tables where tablename like 'written_%'")) == 2


@contextmanager
def _pool(url: str) -> Iterator[Engine]:
    engine = build_engine(url, pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


def _connecting_fails(engine: Engine) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as refused:
        engine.connect()
    return refused.value


def _driver(connection: Connection) -> Any:
    """Asking the session itself would begin a transaction."""
    return connection.connection.driver_connection


def _process(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(_driver(connection).info.backend_pid)


def _write(engine: Engine) -> None:
    with engine.begin() as connection:
        number = connection.scalar(text("select count(*) from pg_tables where tablename like 'written_%'"))
        connection.exec_driver_sql(f"create table written_{number} ()")
