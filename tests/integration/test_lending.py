"""Connections to the database that died while nobody used them."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, text

from core.database import get_engine, look_up, ping, transaction
from core.settings import get_settings


def test_a_session_that_the_server_has_ended_is_not_lent(database: None) -> None:
    """Also one that was in use a moment ago, and all others of the pool with it: the next transaction has a new one."""
    with transaction() as first, transaction() as second:
        ended = {session.scalar(text("select pg_backend_pid()")) for session in (first, second)}
    _end(ended)
    time.sleep(0.1)

    with transaction() as first, transaction() as second:
        lent = {session.scalar(text("select pg_backend_pid()")) for session in (first, second)}

    assert not lent & ended


def test_a_look_up_on_a_session_that_is_ended_meanwhile_is_asked_again(database: None) -> None:
    """The caller learns nothing of it."""
    asked: list[int] = []

    def ask(connection: Connection) -> int:
        process: int = connection.execute(text("select pg_backend_pid()")).scalar_one()
        asked.append(process)
        if len(asked) == 1:
            _end({process})
        answer: int = connection.execute(text("select 1")).scalar_one()
        return answer

    assert look_up(ask) == 1
    assert len(set(asked)) == 2


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


def _end(processes: set[int]) -> None:
    address = get_settings().database_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        for process in processes:
            connection.execute("select pg_terminate_backend(%s, 5000)", (process,))
