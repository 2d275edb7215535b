"""Set up a connection that was just opened, and find out whether it has a session of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import psycopg

from core.database.checkout_deadline import cut
from core.database.per_transaction import TransactionStart
from core.database.session_settings import for_version

#: Poolers hide the number of the server's process, since each transaction may run in another: then nothing is set.
_SET = """
    SELECT pg_backend_pid() = %(process)s, (
        SELECT count(set_config(name, value, false))
        FROM unnest(%(names)s::text[], %(values)s::text[]) AS setting (name, value)
        WHERE pg_backend_pid() = %(process)s
    )
"""

#: How long a new connection may take to answer: a pooler accepts connections for which it has no session yet.
_SECONDS = 3.0


class SessionUnfit(psycopg.OperationalError):
    """Darkroom cannot work with the sessions that DATABASE_URL leads to; the message says why, in one line."""


def set_up_session(driver: Any, settings: Mapping[str, str]) -> TransactionStart | None:
    """Sets them in the session of the connection, in one round trip, and returns None. If a pooler gives each transaction
    a session that others use as well, it sets nothing and returns what every transaction has to begin with.

    Raises SessionUnfit.
    """
    settings = for_version(settings, driver.info.server_version)
    patience = threading.Timer(_SECONDS, cut, [driver])
    patience.daemon = True
    patience.start()
    # Each of these statements is a transaction of its own.
    autocommit, driver.autocommit = driver.autocommit, True
    try:
        start = None if _set(driver, settings) else TransactionStart.setting(settings)
        if start is not None:
            _try(driver, start)
            # A statement that one transaction prepares is not known in the next one's session.
            driver.prepare_threshold = None
    except BaseException:
        driver.close()
        raise
    finally:
        patience.cancel()
    driver.autocommit = autocommit
    return start


def _set(driver: Any, settings: Mapping[str, str]) -> bool:
    parameters = {
        "process": driver.info.backend_pid,
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
