"""Pooled sessions that have turned read-only, and stay connected: none is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.database import build_engine, execute, is_unavailable
from core.settings import get_settings
from tests.failover.refuse_writes import Refusal, refusing_writes
from tests.integration.conftest import Submit
from worker.rendering.process.liveness import Liveness

_WRITE = "update accounts set name = name"


def _on_sqlalchemy(connection: Connection) -> None:
    connection.execute(text(_WRITE))


def _on_the_driver(connection: Connection) -> None:
    execute(connection, _WRITE)


@pytest.fixture
def engine(database: None) -> Iterator[Engine]:
    """A pool of three."""
    engine = build_engine(get_settings().database_url, pool_size=3)
    yield engine
    engine.dispose()


def test_a_session_that_only_reads_is_replaced_as_well(engine: Engine) -> None:
    """It reports what it has become with its answers: a second after it was connected it leaves the pool, and it is used until
    then, so that readers do not connect for each read.
    """
    with _old_sessions_read_only(engine) as old, engine.connect() as connection:
        assert _process(connection) not in old
        fresh = _process(connection)
        connection.close()
        with engine.connect() as again:
            assert _process(again) == fresh


@pytest.mark.parametrize("write", [_on_sqlalchemy, _on_the_driver])
def test_one_refused_write_clears_the_pool(engine: Engine, write: Callable[[Connection], None]) -> None:
    """The other sessions of that time are not tried one by one: the next write succeeds, whichever was to be next."""
    old = _fill(engine)
    with _read_only():
        # Each of the three is read-only and does not know it.
        with pytest.raises(DBAPIError) as refused, engine.begin() as connection:
            write(connection)
        assert is_unavailable(refused.value)
    # Their default is writable again, as it is on a new primary; but these are the old server's.
    assert not _fill(engine) & old


@pytest.mark.parametrize("write", [_on_sqlalchemy, _on_the_driver])
def test_what_follows_a_refused_write_is_not_our_mistake(engine: Engine, write: Callable[[Connection], None]) -> None:
    """A second statement in a transaction whose first was refused fails as of a database that is away."""
    with _read_only(), engine.connect() as connection:
        with pytest.raises(DBAPIError):
            write(connection)
        with pytest.raises(SQLAlchemyError) as following:
            write(connection)
        assert is_unavailable(following.value)


def test_a_worker_is_not_deaf_while_nothing_can_be_claimed(account_id: UUID, submit: Submit) -> None:
    """Jobs wait, and it claims none of them because the database takes no writes: it is not to be started again for that."""
    submit(account_id)
    now = [0.0]
    liveness = Liveness(pool="default", could_claim=lambda: True, clock=lambda: now[0])

    def deaf_after_three_seconds() -> float:
        now[0] += 3
        return liveness.check()

    assert deaf_after_three_seconds() == 3
    with _read_only():
        assert deaf_after_three_seconds() == 0


@contextmanager
def _read_only() -> Iterator[None]:
    with refusing_writes(get_settings().database_url, Refusal.ALL):
        yield


@contextmanager
def _old_sessions_read_only(engine: Engine) -> Iterator[set[int]]:
    """The processes of the pool's sessions, each of which has answered since it became read-only."""
    _fill(engine)
    with _read_only():
        old = _fill(engine)
        time.sleep(1.1)
        yield old


def _fill(engine: Engine) -> set[int]:
    """Uses three sessions at once, and returns their processes."""
    with ExitStack() as stack:
        return {_process(stack.enter_context(engine.connect())) for _ in range(3)}


def _process(connection: Connection) -> int:
    process = connection.scalar(text("select pg_backend_pid()"))
    assert isinstance(process, int)
    return process
