"""What plans that PostgreSQL keeps are good for, after the tables have grown."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import get_engine
from core.jobs.affinity import LOOK_AHEAD, Preference, Shape
from core.jobs.claim import claim_job
from core.jobs.finish import record_success
from tests.integration.attempts import rendered
from tests.integration.conftest import Submit
from tests.integration.test_claim_plan import fill_jobs

#: psycopg prepares a statement at its sixth time, and PostgreSQL weighs a kept plan after five more.
_TIMES = 15

#: Rows of `jobs` that this transaction has read so far.
_READ = text("""
    SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'jobs'
""")

_KEPT = text("SELECT count(*) FROM pg_prepared_statements WHERE generic_plans > 0 AND statement LIKE '%jobs%'")


@pytest.mark.slow
def test_plans_kept_since_the_tables_were_empty_read_a_few_rows_of_many(account_id: UUID, submit: Submit) -> None:
    """A worker that has claimed and ended a few jobs keeps its plans; with 100,000 more jobs, that nobody has counted yet,
    a claim and an end read no more rows than a claim looks ahead, and one more for each lock.
    """
    prefer = Preference(frozenset({"picturebook", "model-1"}), frozenset({Shape("model-1", 64, 64)}), 30.0)
    for _ in range(2 * _TIMES):
        submit(account_id)
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Known to be so small that reading all of it is the best plan.
        connection.execute(text("vacuum analyze"))
    # One connection, as the plans are its own; and one transaction, in which its reads are counted.
    with Session(get_engine()) as session:
        for preference in (prefer, None):
            for _ in range(_TIMES):
                _live(session, preference)
            session.commit()
        assert session.scalar(_KEPT)
        submit(account_id)
        fill_jobs(session)
        session.commit()

        for preference in (prefer, None):
            before = session.execute(_READ).scalar_one()
            _live(session, preference)
            assert session.execute(_READ).scalar_one() - before <= 3 * LOOK_AHEAD
        session.rollback()


def _live(session: Session, prefer: Preference | None) -> None:
    attempt = claim_job(session, pool="default", worker_id="worker", lease_seconds=30, prefer=prefer)
    assert attempt is not None
    record_success(session, attempt_id=attempt.id, rendered=rendered(attempt))
