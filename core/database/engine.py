"""The engine of this process: how it connects, and what holds for each of its transactions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from core.database.error_details import drop_details_of_all
from core.database.fetch import begin
from core.database.per_transaction import TRANSACTION_START
from core.database.pool_checks import check_on_checkout
from core.database.read_only import discard_read_only_sessions
from core.database.session_settings import MIGRATION_SETTINGS, SERVICE_SETTINGS
from core.database.set_up_session import SessionUnfit, set_up_session
from core.database_address import parse_database_url
from core.settings import get_settings

#: The option of connections on which every statement is a transaction of its own.
EACH_ALONE = "each_statement_alone"


@cache
def get_engine() -> Engine:
    """The engine of this process, built on first use."""
    settings = get_settings()
    return build_engine(settings.database_url, pool_size=settings.database_pool_size)


def build_engine(database_url: str, *, pool_size: int) -> Engine:
    """An engine with the settings that every statement of ours relies on.

    Connections are checked when they are checked out. Connecting fails after three seconds, unless the address says
    otherwise. Raises ValueError if the address cannot be read.
    """
    address = parse_database_url(database_url)
    engine = create_engine(
        "postgresql+psycopg://",
        connect_args=address.parameters,
        pool_size=pool_size,
        max_overflow=0,
        # The connection that was used last is the warmest, in both processes.
        pool_use_lifo=True,
        pool_timeout=5,
        hide_parameters=True,  # prompts do not belong into error messages and logs
        # Set once for each connection and not at every checkout; a transaction begins with a statement of its own.
        isolation_level="AUTOCOMMIT",
    )
    _set_up_connections(engine, SERVICE_SETTINGS | address.session_settings)
    check_on_checkout(engine)
    discard_read_only_sessions(engine)
    drop_details_of_all(engine)
    event.listen(engine, "begin", _begin)
    return engine


def build_migration_engine(database_url: str) -> Engine:
    """An engine for Alembic, with a connection of its own for each use: the same address, but a migration's limits of time."""
    address = parse_database_url(database_url)
    engine = create_engine("postgresql+psycopg://", connect_args=address.parameters, poolclass=NullPool)
    _set_up_connections(engine, address.session_settings | MIGRATION_SETTINGS)
    return engine


def refuse_unfit_sessions() -> None:
    """Ends this process, in one line, if Darkroom cannot work with the sessions that DATABASE_URL leads to: what its
    `options` ask for cannot be set, or a pooler allows no transactions. A database that does not answer is not waited for.
    """
    address = parse_database_url(get_settings().database_url)
    try:
        with psycopg.connect(**address.parameters, autocommit=True) as driver:
            set_up_session(driver, SERVICE_SETTINGS | address.session_settings)
    except SessionUnfit as error:
        raise SystemExit(str(error)) from None
    except psycopg.Error:
        return


def _set_up_connections(engine: Engine, settings: Mapping[str, str]) -> None:
    # Before SQLAlchemy asks the first connection about its server.
    @event.listens_for(engine, "connect", insert=True)
    def set_up(driver: Any, record: Any) -> None:
        record.info[TRANSACTION_START] = set_up_session(driver, settings)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(EACH_ALONE) and "isolation_level" not in options:
        begin(connection)
