"""Migrations on a real PostgreSQL: up, down, and equal to the tables."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, inspect, text


@pytest.mark.slow
def test_every_migration_goes_up_and_down(empty_database: Engine, alembic: Config) -> None:
    """Each step up can be taken back, and taken again; at the bottom nothing is left."""
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic).walk_revisions()][::-1]
    for revision in revisions:
        command.upgrade(alembic, revision)
        command.downgrade(alembic, "-1")
        command.upgrade(alembic, revision)

    command.downgrade(alembic, "base")

    assert inspect(empty_database).get_table_names() == ["alembic_version"]


def test_the_schema_equals_the_tables(empty_database: Engine, alembic: Config) -> None:
    """Autogenerate finds nothing to add, drop or change."""
    command.upgrade(alembic, "head")

    command.check(alembic)


def test_every_table_with_customers_data_names_the_account(empty_database: Engine, alembic: Config) -> None:
    """account_id is there, and not null, in every table that holds a customer's data."""
    command.upgrade(alembic, "head")
    ours = {"accounts", "alembic_version", "pool_clocks", "workers", "pauses"}

    for table in set(inspect(empty_database).get_table_names()) - ours:
        columns = {column["name"]: column["nullable"] for column in inspect(empty_database).get_columns(table)}
        assert columns.get("account_id") is False, table


@pytest.mark.slow
def test_migrations_wait_for_no_lock(empty_database: Engine, alembic: Config) -> None:
    """A table in use makes the migration fail within seconds, and it can be run again."""
    command.upgrade(alembic, "head")
    with empty_database.connect() as reader:
        reader.execute(text("LOCK TABLE jobs IN ACCESS SHARE MODE"))
        with pytest.raises(Exception, match="lock timeout"):
            command.downgrade(alembic, "base")

    command.downgrade(alembic, "base")


def test_an_older_release_leaves_a_newer_schema_as_it_is(empty_database: Engine, alembic: Config) -> None:
    """`upgrade head` of a release that lacks the database's revision succeeds and changes nothing; a downgrade by it fails."""
    command.upgrade(alembic, "head")
    with empty_database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_the_next_release'"))

    command.upgrade(alembic, "head")

    with empty_database.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "of_the_next_release"
    for destination in ("-1", "0001"):
        with pytest.raises(CommandError, match="of_the_next_release"):
            command.downgrade(alembic, destination)
