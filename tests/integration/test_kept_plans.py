"""The plans that PostgreSQL keeps stay fast after the tables have grown."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import build_engine, get_engine, pool_checks
from core.jobs.attempts.affinity import LOOK_AHEAD, Preference, Shape
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.open_attempt import open_first
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.settings import get_settings
from tests.integration.attempts import rendered
from tests.integration.conftest import Submit
from tests.integration.many_jobs import fill_jobs

#: psycopg prepares a statement at its sixth time, and PostgreSQL weighs a kept plan after five more.
_TIMES = 15

#: Rows of `jobs` that this transaction has read so far.
_READ = text("""
    SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'jobs'
""")

_KEPT = text("SELECT count(*) FROM pg_prepared_statements WHERE generic_plans > 0 AND statement LIKE '%jobs%'")


@pytest.mark.slow
def test_plans_kept_since_the_tables_were_small_read_a_few_rows_of_many(
    account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker claims and ends a few jobs of a small table, and its session keeps the plans. With 100,000 more jobs and old
    statistics, a claim and an end read little more than the look-ahead, once the plans are too old.
    """
    prefer = Preference(frozenset({"picturebook", "model-1"}), frozenset({Shape("model-1", 64, 64)}), 30.0)
    for _ in range(4 * _TIMES + 2):
        submit(account_id)
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Known to be so small that reading all of it is the best plan.
        connection.execute(text("vacuum analyze"))
    engine = build_engine(get_settings().database_url, pool_size=1)
    for preference in (prefer, None):
        for _ in range(_TIMES):
            with Session(engine) as session, session.begin():
                _live(session, preference)
    with Session(engine) as session, session.begin():
        assert session.scalar(_KEPT)
    submit(account_id)
    with get_engine().begin() as connection:
        fill_jobs(connection)

    monkeypatch.setattr(pool_checks, "_PLANS_KEPT_SECONDS", 0)

    for preference in (prefer, None):
        with Session(engine) as session, session.begin():
            before = session.execute(_READ).scalar_one()
            _live(session, preference)
            assert session.execute(_READ).scalar_one() - before <= 5 * LOOK_AHEAD
    engine.dispose()


def _live(session: Session, prefer: Preference | None) -> None:
    """By each of the two ways to claim a job."""
    open_first(session.connection(), pool="default", prefer=prefer, worker_id="worker", lease_seconds=30)
    attempt = claim_step_by_step(
        session, ClaimingWorker(pool="default", worker_id="worker", lease_seconds=30, prefer=prefer)
    ).attempt
    assert attempt is not None
    record_success_step_by_step(session, attempt_id=attempt.id, rendered=rendered(attempt))
