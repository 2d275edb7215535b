"""How Alembic reaches the database: our settings, our tables, and timeouts so that a migration never blocks the service."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from core.command_line import run_command_line
from core.schema import metadata
from core.settings import get_settings

#: A migration waits this long for a table that is in use, then fails and can be run again, instead of stopping
#: every query that queues behind it.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"


def run_migrations() -> None:
    """Run the migrations that the command asked for, each in its own transaction."""
    engine = create_engine(get_settings().database_url, poolclass=pool.NullPool)
    with run_command_line("alembic", engine.connect) as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Darkroom's migrations are run against a database; --sql is not supported.")
run_migrations()
