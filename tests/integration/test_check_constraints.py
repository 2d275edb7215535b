"""What Alembic does not compare: the check constraints of the migrated tables are those of the code."""

from __future__ import annotations

import re

from sqlalchemy import Connection, text

import core.schema
from core.database import get_engine

# With `NOT VALID` where a migration has left a constraint unchecked.
_CHECKS = text("""
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace
WHERE contype = 'c' AND nspname = current_schema()
""")

_VALUE = r"'[^']*'"


def test_every_check_constraint_is_the_one_of_the_code(database: None) -> None:
    """A value that the code may write, a new failure code for example, is one that the migrated database takes."""
    with get_engine().connect() as connection:
        migrated = _read_checks(connection)
        connection.execute(text("CREATE SCHEMA declared"))
        connection.execute(text("SET LOCAL search_path TO declared"))
        core.schema.metadata.create_all(connection, checkfirst=False)
        declared = _read_checks(connection)
        connection.rollback()

    assert migrated
    assert migrated == declared


def _read_checks(connection: Connection) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """By table and name, what each check constraint of the current schema says: its form, and the values in it, whose order
    says nothing.
    """
    return {
        (table, name): (re.sub(_VALUE, "?", definition), sorted(re.findall(_VALUE, definition)))
        for table, name, definition in connection.execute(_CHECKS)
    }
