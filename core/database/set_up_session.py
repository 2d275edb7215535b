"""Set up a connection that was just opened, and find out whether it has a session of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import psycopg

from core.database.checkout_deadline import cut
from core.database.per_transaction import TransactionStart
from core.database.session_settings import for_version

#: Poolers hide the number of the server's process, since each transaction may run in another: then nothing is set.
_SET = """
    SELECT pg_backend_pid() = %(process)s OR %(has_session)s, (
        SELECT count(set_config(name, value, false))
        FROM unnest(%(names)s::text[], %(values)s::text[]) AS setting (name, value)
        WHERE pg_backend_pid() = %(process)s OR %(has_session)s
    )
"""

#: What DATABASE_POOLER says of a pooler that may stand between: each connection keeps a session of its own, or has one for each
#: transaction. "auto" finds out whether one stands there, and takes it for the latter.
Pooler = Literal["auto", "session", "transaction"]

#: How long a new connection may take to answer: a pooler accepts connections for which it has no session yet.
_SECONDS = 3.0

#: No process has it.
_NO_PROCESS = 0


class SessionUnfit(psycopg.OperationalError):
    """Darkroom cannot work with the sessions that DATABASE_URL leads to; the message says why, in one line."""


def set_up_session(driver: Any, settings: Mapping[str, str], *, pooler: Pooler) -> TransactionStart | None:
    """Sets them in the session of the connection, in one round trip, and returns None. If a pooler may give each transaction
    a session that others use as well, it sets nothing and returns what every transaction has to begin with.

    Raises SessionUnfit.
    """
    settings = for_version(settings, driver.info.server_version)
    # Each of these statements is a transaction of its own.
    autocommit, driver.autocommit = driver.autocommit, True
    try:
        with cut_if_silent(driver):
            start = None if _set(driver, settings, pooler) else TransactionStart.setting(settings)
            if start is not None:
                _try(driver, start)
    except BaseException:
        driver.close()
        raise
    driver.autocommit = autocommit
    if start is not None:
        # A statement that one transaction prepares is not known in the next one's session.
        driver.prepare_threshold = None
        driver.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return start


@contextmanager
def cut_if_silent(driver: Any) -> Iterator[None]:
    """Cuts the new connection if the block takes longer than three seconds."""
    patience = threading.Timer(_SECONDS, cut, [driver])
    patience.daemon = True
    patience.start()
    try:
        yield
    finally:
        patience.cancel()


def _set(driver: Any, settings: Mapping[str, str], pooler: Pooler) -> bool:
    parameters = {
        "process": _NO_PROCESS if pooler == "transaction" else driver.info.backend_pid,
        "has_session": pooler == "session",
        "names": list(settings),
        "values": list(settings.values()),
    }
    try:
        [has_session, _] = driver.execute(_SET, parameters).fetchone()
    except (psycopg.errors.ProgrammingError, psycopg.errors.DataError, psycopg.errors.CantChangeRuntimeParam) as error:
        raise _refuse(error) from error
    return bool(has_session)


def _try(driver: Any, start: TransactionStart) -> None:
    try:
        driver.execute(start.as_one())
    except psycopg.errors.ProtocolViolation as error:
        if "transaction blocks not allowed" not in str(error):
            raise
        message = "DATABASE_URL leads to a pooler in statement mode, which allows no transactions: it needs pool_mode=transaction"
        raise SessionUnfit(f"{message} or session") from error
    except (psycopg.errors.ProgrammingError, psycopg.errors.DataError, psycopg.errors.CantChangeRuntimeParam) as error:
        raise _refuse(error) from error
    driver.rollback()


def _refuse(error: psycopg.Error) -> SessionUnfit:
    return SessionUnfit(f"DATABASE_URL: its options cannot be set: {error.diag.message_primary}")
