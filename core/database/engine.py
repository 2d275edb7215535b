"""The engine of this process: how it connects, and what holds for each of its transactions."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from core.database.error_details import drop_details_of_all
from core.database.fetch import begin
from core.database.per_transaction import TRANSACTION_START
from core.database.pool_checks import check_on_checkout
from core.database.read_only import discard_read_only_sessions
from core.database.session_settings import MIGRATION_SETTINGS, SERVICE_SETTINGS
from core.database.set_up_session import Pooler, SessionUnfit, set_up_session
from core.database_address import parse_database_url
from core.settings import get_settings

#: The option of connections on which every statement is a transaction of its own.
EACH_ALONE = "each_statement_alone"


@cache
def get_engine() -> Engine:
    """The engine of this process, built on first use."""
    settings = get_settings()
    return build_engine(settings.database_url, pool_size=settings.database_pool_size, pooler=settings.database_pooler)


def build_engine(database_url: str, *, pool_size: int, pooler: Pooler = "auto") -> Engine:
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
    settings = SERVICE_SETTINGS | address.session_settings

    # Before SQLAlchemy asks the first connection about its server.
    @event.listens_for(engine, "connect", insert=True)
    def set_up(driver: Any, record: Any) -> None:
        record.info[TRANSACTION_START] = set_up_session(driver, settings, pooler=pooler)

    check_on_checkout(engine)
    discard_read_only_sessions(engine)
    drop_details_of_all(engine)
    event.listen(engine, "begin", _begin)
    return engine


def build_migration_engine(database_url: str, *, pooler: Pooler = "auto") -> Engine:
    """An engine for Alembic, with a connection of its own for each use: the same address, but a migration's limits of time.

    Its connections end the process, in one line, if migrations cannot be run through them.
    """
    address = parse_database_url(database_url)
    engine = create_engine("postgresql+psycopg://", connect_args=address.parameters, poolclass=NullPool)
    settings = address.session_settings | MIGRATION_SETTINGS

    @event.listens_for(engine, "connect", insert=True)
    def set_up(driver: Any, record: Any) -> None:
        try:
            start = set_up_session(driver, settings, pooler=pooler)
        except SessionUnfit as error:
            raise SystemExit(str(error)) from None
        if start is not None and address.session_settings:
            driver.close()
            # An index that is built beside the service is built outside of all transactions.
            raise SystemExit(
                "DATABASE_URL leads to a pooler, through which its options would not be in force in every migration: "
                "migrate with the address of PostgreSQL itself, or set DATABASE_POOLER=session if that is the pooler's mode"
            )
        record.info[TRANSACTION_START] = start

    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(EACH_ALONE) and options.get("isolation_level") != "AUTOCOMMIT":
        begin(connection)
