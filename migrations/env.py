"""How Alembic reaches the database: our settings, our tables, and timeouts so that a migration never blocks the service."""

from __future__ import annotations

import logging

import structlog
from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from core.command_line import run_command_line
from core.database import build_migration_engine
from core.logs import take_over_output
from core.schema import metadata
from core.settings import get_settings

_log = structlog.get_logger()


def run_migrations() -> None:
    """Run the migrations that the command asked for, each in its own transaction."""
    settings = get_settings()
    engine = build_migration_engine(settings.database_url, pooler=settings.database_pooler)
    with run_command_line("alembic", engine.connect) as connection:
        newer = _list_unknown_revisions(connection)
        # Each migration begins a transaction of its own.
        connection.rollback()
        if newer:
            # The older release that is started to take the newer one back: it works with this schema, or the newer
            # release's notes say that its migrations are reverted first.
            _log.warning("newer_schema_left_as_it_is", revisions=newer)
            return
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        before = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        with context.begin_transaction():
            context.run_migrations()
        if _changes_the_schema():
            after = MigrationContext.configure(connection).get_current_revision()
            _log.info("database_migrated" if before != after else "database_up_to_date", before=before, after=after)


def _changes_the_schema() -> bool:
    """Whether the command line asks for an upgrade or a downgrade, and not for a list or a draft, which is printed."""
    command = getattr(context.config.cmd_opts, "cmd", None)
    return command is not None and command[0].__name__ in ("upgrade", "downgrade")


def _list_unknown_revisions(connection: Connection) -> list[str]:
    """Revisions of the database that this release does not have, if the command is an upgrade to the newest one it has."""
    known = {script.revision for script in context.script.walk_revisions()}
    try:
        destination = context.get_revision_argument()
    except KeyError:  # a command that goes nowhere
        return []
    if destination != context.script.get_current_head():
        return []
    return [head for head in MigrationContext.configure(connection).get_current_heads() if head not in known]


if context.is_offline_mode():
    raise SystemExit("Darkroom's migrations are run against a database; --sql is not supported.")
if _changes_the_schema():
    take_over_output(get_settings())
    # One line says more than what it says of each step.
    logging.getLogger("alembic").setLevel(logging.WARNING)
run_migrations()
