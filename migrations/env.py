"""How Alembic reaches the database: our settings, our tables, and timeouts so that a migration never blocks the service."""

from __future__ import annotations

from alembic import context

from core.database import build_migration_engine
from core.schema import metadata
from core.settings import get_settings


def run_migrations() -> None:
    """Run the migrations that the command asked for, each in its own transaction."""
    settings = get_settings()
    engine = build_migration_engine(settings.database_url, pooler=settings.database_pooler)
    with engine.connect() as connection:
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
