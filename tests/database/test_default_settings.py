"""Databases and roles with default settings other than PostgreSQL's own."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text

from core.database import autocommit, fetch_one, get_engine, transaction
from core.database_address import parse_database_url
from core.settings import get_settings
from tests.database.conftest import Administer, Shown, show, submit_many

#: What an operator may have set, and what holds all the same.
_PINNED = {
    "default_transaction_isolation": ("serializable", "read committed"),
    "default_transaction_deferrable": ("on", "off"),
    "statement_timeout": ("0", "15s"),
    "lock_timeout": ("1ms", "5s"),
    "idle_in_transaction_session_timeout": ("0", "10s"),
    "idle_session_timeout": ("100ms", "0"),
    "transaction_timeout": ("100ms", "0"),
    "timezone": ("Asia/Kathmandu", "UTC"),
    "datestyle": ("SQL, DMY", "ISO, MDY"),
    "intervalstyle": ("iso_8601", "postgres"),
    "extra_float_digits": ("-3", "1"),
    "standard_conforming_strings": ("off", "on"),
    "transform_null_equals": ("on", "off"),
    "plan_cache_mode": ("force_generic_plan", "auto"),
    "client_encoding": ("latin1", "utf8"),
}


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize("owner", ["DATABASE darkroom", "ROLE darkroom", "ROLE darkroom IN DATABASE darkroom"])
def test_many_submits_at_once_are_accepted_at_every_default_isolation(
    level: str, owner: str, administer: Administer
) -> None:
    """Ours is READ COMMITTED: no statement fails because another one committed before it."""
    administer(f"ALTER {owner} SET default_transaction_isolation = '{level}'")
    get_engine().dispose()
    try:
        assert submit_many(120) == {202: 120}
        assert show("transaction_isolation") == "read committed"
    finally:
        administer(f"ALTER {owner} RESET default_transaction_isolation")
        get_engine().dispose()


@pytest.mark.parametrize("name", _PINNED)
def test_a_setting_that_statements_rely_on_is_ours(name: str, settings_of_role: Callable[..., None]) -> None:
    """In a transaction, and in a statement that is one of its own."""
    given, expected = _PINNED[name]
    settings_of_role(**{name: given})
    parameters = parse_database_url(get_settings().database_url).parameters | {"client_encoding": "latin1"}
    with psycopg.connect(**parameters) as connection:
        [theirs] = connection.execute(f"SHOW {name}").fetchone() or [None]
    assert str(theirs).lower() == given.lower()

    assert show(name).lower() == expected.lower()
    with autocommit() as connection_of_ours:
        alone = fetch_one(connection_of_ours, f"SELECT current_setting('{name}') AS value", {}, into=Shown)
    assert alone is not None
    assert alone.value.lower() == expected.lower()


def test_a_search_path_of_the_role_holds(settings_of_role: Callable[..., None], administer: Administer) -> None:
    """Where tables are is the operator's to say, for migrations and for the service alike."""
    administer("CREATE SCHEMA IF NOT EXISTS apart")
    settings_of_role(search_path="apart")

    with transaction() as session:
        assert session.scalar(text("SELECT current_schema()")) == "apart"
