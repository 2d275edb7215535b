"""PostgreSQL through a real PgBouncer, in each of its modes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import autocommit, execute, fetch_one, get_engine, is_unavailable, transaction
from core.database_address import parse_database_url
from core.warm_up_statements import warm_up_statements
from tests.database.conftest import Administer, Shown, UsePooler, show, submit_many

#: As it comes, and as people set it for drivers that send what it does not know.
_CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "session": {},
    "transaction, said to be": {"pool_mode": "transaction", "pooler": "transaction"},
    "session, said to be": {"pooler": "session"},
    "session, options ignored": {"ignore_startup_parameters": "options,extra_float_digits"},
    "transaction": {"pool_mode": "transaction"},
    "transaction, few sessions": {"pool_mode": "transaction", "default_pool_size": 3},
    "transaction, options ignored": {"pool_mode": "transaction", "ignore_startup_parameters": "options"},
    "transaction, in turns": {"pool_mode": "transaction", "server_round_robin": 1, "default_pool_size": 7},
    "transaction, sessions that end": {"pool_mode": "transaction", "server_lifetime": 1},
}

_LIMITS = {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s"}


@pytest.fixture(params=_CONFIGURATIONS)
def pooler(request: pytest.FixtureRequest, use_pooler: UsePooler) -> Iterator[str]:
    """Each configuration in turn; the address."""
    with use_pooler(**_CONFIGURATIONS[request.param]) as url:
        yield url


@pytest.mark.slow
def test_submits_are_accepted(pooler: str) -> None:
    """Many at once, the short way and the long way, more than PgBouncer has sessions for."""
    assert submit_many(120) == {202: 120}


def test_every_statement_of_a_job_runs_again_and_again(pooler: str, caplog: pytest.LogCaptureFixture) -> None:
    """Often enough for a driver that would prepare them, and on several connections side by side."""
    get_engine()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: warm_up_statements(), range(32)))

    assert "database_not_connected" not in caplog.text


@pytest.mark.parametrize("name", _LIMITS)
def test_every_limit_of_time_is_in_force(pooler: str, name: str) -> None:
    """In a transaction, and for a statement that is one of its own."""
    assert show(name) == _LIMITS[name]
    with autocommit() as connection:
        shown = fetch_one(connection, f"SELECT current_setting('{name}') AS value", {}, into=Shown)
    assert shown == Shown(_LIMITS[name])
    assert show("transaction_isolation") == "read committed"


@pytest.mark.slow
def test_a_statement_that_overruns_is_cut_off(use_pooler: UsePooler) -> None:
    """By the server, at the limit that the address asks for; the next one works."""
    for configuration in _CONFIGURATIONS.values():
        with use_pooler(**configuration, query="options=-cstatement_timeout=200ms"):
            with pytest.raises(DBAPIError) as alone, autocommit() as connection:
                execute(connection, "SELECT pg_sleep(20)")
            with pytest.raises(DBAPIError) as inside, transaction() as session:
                session.execute(text("SELECT pg_sleep(20)"))
            for error in (alone, inside):
                assert isinstance(error.value.orig, psycopg.errors.QueryCanceled)
            assert show("statement_timeout") == "200ms"


@pytest.mark.slow
def test_a_transaction_that_freezes_is_ended(use_pooler: UsePooler) -> None:
    """Its rows are free for others before a lease ends."""
    for configuration in _CONFIGURATIONS.values():
        with use_pooler(**configuration, query="options=-cidle_in_transaction_session_timeout=200ms"):
            with pytest.raises(DBAPIError) as ended:
                _freeze()
            assert is_unavailable(ended.value)
            assert show("statement_timeout") == "15s"


def _freeze() -> None:
    with transaction() as session:
        session.execute(text("SELECT 1"))
        time.sleep(1)
        session.execute(text("SELECT 1"))


def test_nothing_of_ours_stays_in_a_session_that_others_use(use_pooler: UsePooler) -> None:
    """Other clients of the same pool find the settings that the operator gave them."""
    with use_pooler(pool_mode="transaction", default_pool_size=1) as url:
        parameters = parse_database_url(url).parameters
        with psycopg.connect(**parameters, autocommit=True, prepare_threshold=None) as other:
            names = [*_LIMITS, "default_transaction_isolation", "search_path", "plan_cache_mode"]
            before = [other.execute(f"SHOW {name}").fetchone() for name in names]
            assert submit_many(20) == {202: 20}
            with transaction() as session:
                session.execute(text("SELECT 1"))
            after = [other.execute(f"SHOW {name}").fetchone() for name in names]
            prepared = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()

    assert after == before
    assert prepared == (0,)


def test_a_failed_statement_leaves_no_transaction_open(use_pooler: UsePooler) -> None:
    """It writes nothing, and the connection serves the next one."""
    with use_pooler(pool_mode="transaction", default_pool_size=1):
        for _ in range(3):
            with autocommit() as connection:
                with pytest.raises(DBAPIError) as failed:
                    execute(connection, "SELECT 1 / %(zero)s", {"zero": 0})
                assert not is_unavailable(failed.value)
                execute(connection, "CREATE TABLE IF NOT EXISTS kept (number int)")
                execute(connection, "INSERT INTO kept VALUES (%(number)s)", {"number": 1})
        with transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM kept")) == 3
            session.execute(text("DROP TABLE kept"))


def test_what_one_statement_writes_is_committed_when_it_answers(use_pooler: UsePooler, administer: Administer) -> None:
    """As without a pooler."""
    administer("CREATE TABLE written (number int)")
    try:
        with use_pooler(pool_mode="transaction"), autocommit() as connection:
            execute(connection, "INSERT INTO written VALUES (%(number)s)", {"number": 7})
            assert administer("SELECT number FROM written") == [(7,)]
    finally:
        administer("DROP TABLE written")


@pytest.mark.parametrize("pool_mode", ["session", "transaction"])
def test_a_session_that_the_server_ends_costs_one_try(
    pool_mode: str, use_pooler: UsePooler, administer: Administer
) -> None:
    """The service goes on with another one."""
    with use_pooler(pool_mode=pool_mode):
        assert submit_many(10) == {202: 10}
        administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'darkroom' AND pid <> pg_backend_pid()"
        )
        time.sleep(1.2)
        assert submit_many(10) == {202: 10}


def test_a_pooler_without_a_free_session_is_away(use_pooler: UsePooler) -> None:
    """Within seconds: nobody waits for as long as PgBouncer would let them."""
    with use_pooler(pool_mode="session", default_pool_size=1) as url:
        parameters = parse_database_url(url).parameters
        with psycopg.connect(**parameters) as other:
            other.execute("SELECT 1")
            asked_at = time.monotonic()
            with pytest.raises(DBAPIError) as away, get_engine().connect():
                pass
            seconds = time.monotonic() - asked_at
        assert is_unavailable(away.value)
        assert seconds < 30
        assert show("statement_timeout") == "15s"
