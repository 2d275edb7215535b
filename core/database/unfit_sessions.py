"""End a process at its start if Darkroom cannot work with the sessions that DATABASE_URL leads to."""

from __future__ import annotations

import random
from typing import Any

import psycopg

from core.database.session_settings import SERVICE_SETTINGS
from core.database.set_up_session import SessionUnfit, cut_if_silent, set_up_session
from core.database_address import DatabaseAddress, parse_database_url
from core.settings import get_settings

#: How often a database that was reached is asked again if it falls silent.
_TRIES = 5

#: Questions to two connections, to find a pooler that gives them one session in turns.
_QUESTIONS = 12


def refuse_unfit_sessions() -> None:
    """Ends this process, in one line, if what `options` of the address ask for cannot be set, if a pooler allows no
    transactions, or if it is not in the mode that DATABASE_POOLER names. A database that does not answer is not waited for.
    """
    settings = get_settings()
    address = parse_database_url(settings.database_url)
    for _ in range(_TRIES):
        has_answered = False
        try:
            with _connect(address) as first:
                has_answered = True
                if settings.database_pooler == "session" and _shares_sessions(first, address):
                    raise SystemExit("DATABASE_POOLER=session, but the pooler gives each transaction another session")
                set_up_session(first, SERVICE_SETTINGS | address.session_settings, pooler=settings.database_pooler)
        except SessionUnfit as error:
            raise SystemExit(str(error)) from None
        except psycopg.OperationalError:
            # What was reached and then fell silent is busy: without an answer a wrong mode would go unnoticed.
            if has_answered:
                continue
        return


def _connect(address: DatabaseAddress) -> psycopg.Connection:
    # Statements that the driver prepares would be those of others a moment later.
    return psycopg.connect(**address.parameters, autocommit=True, prepare_threshold=None)


def _shares_sessions(first: Any, address: DatabaseAddress) -> bool:
    with cut_if_silent(first):
        if _ask(first) == first.info.backend_pid:
            return False
        with _connect(address) as second, cut_if_silent(second):
            processes: dict[Any, set[int]] = {first: set(), second: set()}
            # In no order: of a pooler that deals its sessions out in turns, two that alternate would get the same ones.
            for connection in [first, second, *random.choices((first, second), k=_QUESTIONS)]:  # noqa: S311  (no secret)
                processes[connection].add(_ask(connection))
    return len(processes[first]) > 1 or processes[first] == processes[second]


def _ask(connection: Any) -> int:
    """The process of the server that answers it."""
    [process] = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(process)
