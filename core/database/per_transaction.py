"""Settings for one transaction at a time: poolers give each transaction a session that others use too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Literal
from sqlalchemy import Connection

#: In the record of a pooled connection: how its transactions begin, or None if its session has all settings.
TRANSACTION_START = "transaction_start"

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED NOT DEFERRABLE"

#: What that says, as settings.
_IN_BEGIN = {"default_transaction_isolation", "default_transaction_deferrable"}


@dataclass(frozen=True)
class TransactionStart:
    """The statements that every transaction begins with."""

    begin: str
    set_all: str

    @classmethod
    def setting(cls, settings: Mapping[str, str]) -> TransactionStart:
        """Builds those that give a transaction these settings."""
        calls = [
            SQL("set_config({}, {}, true)").format(Literal(name), Literal(text))
            for name, text in settings.items()
            if name not in _IN_BEGIN
        ]
        return cls(_BEGIN, SQL("SELECT {}").format(SQL(", ").join(calls)).as_string())

    def as_one(self) -> str:
        """All of them in one text, for one round trip."""
        return f"{self.begin}; {self.set_all}"


def find_start(connection: Connection) -> TransactionStart | None:
    """Finds what a transaction on the connection has to begin with, if a BEGIN alone is not enough."""
    start: TransactionStart | None = connection.connection.info.get(TRANSACTION_START)
    return start


def execute_alone(cursor: Cursor[Any], start: TransactionStart, statement: str, parameters: Mapping[str, Any]) -> None:
    """Runs the statement as a transaction of its own, in one round trip."""
    driver: Any = cursor.connection
    try:
        with driver.pipeline():
            driver.execute(start.begin)
            driver.execute(start.set_all)
            cursor.execute(statement, parameters)
            driver.execute("COMMIT")
    except BaseException:
        if not driver.closed:
            driver.rollback()
        raise
