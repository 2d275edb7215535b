"""Make a server's sessions read-only, in the ways that managed databases do, and writable again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import psycopg
from psycopg.sql import SQL, Identifier


class Refusal(Enum):
    """Which sessions take no writes."""

    #: New ones and old ones, which stay connected.
    ALL = "alter system {change} default_transaction_read_only {value}"
    #: New ones of the role; old ones are cut.
    ROLE = "alter role {name} {change} default_transaction_read_only {value}"
    #: New ones of the database; old ones are cut.
    DATABASE = "alter database {name} {change} default_transaction_read_only {value}"


@contextmanager
def refusing_writes(database_url: str, refusal: Refusal) -> Iterator[None]:
    """The server takes no writes from these sessions until the block ends. It does not end them then: those that are read-only
    stay so.
    """
    try:
        _change(database_url, refusal, "set", "= on")
        if refusal is not Refusal.ALL:
            end_sessions(database_url)
        yield
    finally:
        _change(database_url, refusal, "reset", "")


def end_sessions(database_url: str) -> None:
    """Ends every session of Darkroom's processes."""
    with _connect(database_url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where pid <> pg_backend_pid() and application_name = 'darkroom'"
        )


def _change(database_url: str, refusal: Refusal, change: str, value: str) -> None:
    with _connect(database_url) as connection, psycopg.connect(_plain(database_url), autocommit=True) as old:
        name = connection.info.user if refusal is Refusal.ROLE else connection.info.dbname
        connection.execute(SQL(refusal.value).format(change=SQL(change), value=SQL(value), name=Identifier(name)))
        if refusal is Refusal.ALL:
            connection.execute("select pg_reload_conf()")
            _wait_until_read(old, "on" if change == "set" else "off")


def _wait_until_read(session: psycopg.Connection, value: str) -> None:
    """The server's processes read its settings again one by one, and idle ones with their next statement."""
    while session.execute("show default_transaction_read_only").fetchone() != (value,):
        time.sleep(0.02)
    time.sleep(0.1)


def _plain(database_url: str) -> str:
    return database_url.replace("+psycopg", "")


def _connect(database_url: str) -> psycopg.Connection:
    """A session of the administrator's, which takes writes whatever the default is."""
    return psycopg.connect(_plain(database_url), autocommit=True, options="-c default_transaction_read_only=off")
