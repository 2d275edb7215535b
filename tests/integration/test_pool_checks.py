"""Connections to the database that died while they were idle."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from core.database import (
    build_engine,
    enforce_checkout_deadline,
    execute,
    get_engine,
    is_unavailable,
    ping,
    read_with_one_retry,
    transaction,
)
from core.settings import get_settings
from tests.faults.proxy import Flow, Proxy


def test_a_session_that_the_server_has_ended_is_not_lent(database: None) -> None:
    """Also one that was in use a moment ago, and all others of the pool with it: the next transaction has a new one."""
    with transaction() as first, transaction() as second:
        ended = {session.scalar(text("select pg_backend_pid()")) for session in (first, second)}
    _end(ended)
    time.sleep(0.1)

    with transaction() as first, transaction() as second:
        checked_out = {session.scalar(text("select pg_backend_pid()")) for session in (first, second)}

    assert not checked_out & ended


def test_a_read_on_a_session_that_is_ended_meanwhile_is_asked_again(database: None) -> None:
    """The caller learns nothing of it."""
    asked: list[int] = []

    def read(connection: Connection) -> int:
        process: int = connection.execute(text("select pg_backend_pid()")).scalar_one()
        asked.append(process)
        if len(asked) == 1:
            _end({process})
        answer: int = connection.execute(text("select 1")).scalar_one()
        return answer

    assert read_with_one_retry(read) == 1
    assert len(set(asked)) == 2


def test_what_the_driver_raises_is_what_sqlalchemy_would(database: None) -> None:
    """A session that has ended and one that was never right are told apart, and neither shows what was asked with."""
    with pytest.raises(DBAPIError) as wrong, transaction() as session:
        execute(session.connection(), "select 1 / %(zero)s", {"zero": 0})
    with get_engine().connect() as connection:
        _end({connection.exec_driver_sql("select pg_backend_pid()").scalar_one()})
        with pytest.raises(DBAPIError) as gone:
            execute(connection, "select %(secret)s", {"secret": "a prompt"})

    assert not is_unavailable(wrong.value)
    assert is_unavailable(gone.value)
    assert gone.value.connection_invalidated
    assert "a prompt" not in str(gone.value)
    ping()


def test_a_connection_in_use_is_not_tried_each_time(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one that has lain idle for a second costs a round trip more."""
    engine = get_engine()
    tried: list[Any] = []
    really = engine.dialect.do_ping

    def note(connection: Any) -> bool:
        tried.append(connection)
        return really(connection)

    monkeypatch.setattr(engine.dialect, "do_ping", note)

    for _ in range(3):
        ping()
    assert not tried

    time.sleep(1.1)
    ping()
    assert len(tried) == 1


def test_a_link_that_says_nothing_any_more_is_found_before_it_is_lent(database: None) -> None:
    """Where it is acknowledged for ever, as through a proxy: another one is checked out, long before patience is at its end."""
    url = make_url(get_settings().database_url)
    with Proxy(url.port or 5432) as proxy:
        engine = build_engine(url.set(port=proxy.port).render_as_string(hide_password=False), pool_size=2)
        enforce_checkout_deadline(engine, 60)
        with engine.connect() as first, engine.connect() as second:
            dead = {one.scalar(text("select pg_backend_pid()")) for one in (first, second)}
        with proxy.doing(Flow.BLACK_HOLE):
            pass
        time.sleep(1.1)  # then they are tried

        asked_at = time.monotonic()
        with engine.connect() as first, engine.connect() as second:
            checked_out = {one.scalar(text("select pg_backend_pid()")) for one in (first, second)}
        seconds = time.monotonic() - asked_at
        engine.dispose()

    assert not checked_out & dead
    assert seconds < 30  # a second or two, on a machine that has nothing else to do


def _end(processes: set[int]) -> None:
    address = get_settings().database_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        for process in processes:
            connection.execute("select pg_terminate_backend(%s, 5000)", (process,))


def test_nobody_waits_for_long_where_that_was_said(database: None) -> None:
    """A connection that is checked out for too long is cut, and its user learns that the database is away; one that came back in
    time is not, however often it is checked out.
    """
    engine = build_engine(get_settings().database_url, pool_size=1)
    enforce_checkout_deadline(engine, 0.5)
    for _ in range(4):
        with engine.connect() as connection:
            connection.execute(text("select pg_sleep(0.2)"))
    asked_at = time.monotonic()
    with pytest.raises(DBAPIError) as cut, engine.connect() as connection:
        connection.execute(text("select pg_sleep(10)"))
    seconds = time.monotonic() - asked_at
    with engine.connect() as connection:
        assert connection.scalar(text("select 1")) == 1
    engine.dispose()

    assert is_unavailable(cut.value)
    assert seconds < 10  # it did not wait for the answer
