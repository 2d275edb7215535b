"""How many jobs of a model an account has, by where they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import fetch_one
from core.jobs.selection.job_filter import first_id_of

#: Jobs of the account that are looked at, the newest ones: its index has them in their order.
_UP_TO = 10_000

_COUNTS = """
SELECT
    count(*) FILTER (WHERE status = 'queued') AS queued,
    count(*) FILTER (WHERE status = 'running') AS running,
    count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    count(*) FILTER (WHERE attempts_used > 1) AS retried
FROM (
    SELECT status, model, attempts_used FROM jobs
    WHERE account_id = %(account_id)s AND id >= %(first_id)s AND deleted_at IS NULL
    ORDER BY id DESC LIMIT %(up_to)s
) AS newest
WHERE model = %(model)s
"""


class JobCounts(NamedTuple):
    """Jobs of one model that an account has sent within the last day."""

    queued: int
    running: int
    succeeded: int
    failed: int
    #: Those that needed a second attempt.
    retried: int


def count_jobs(session: Session, *, account_id: UUID, model: str) -> JobCounts:
    """Counts them, among the account's newest 10,000."""
    first_id = first_id_of(datetime.now(UTC), -timedelta(days=1))
    counts = fetch_one(
        session.connection(),
        _COUNTS,
        {"account_id": account_id, "first_id": first_id, "up_to": _UP_TO, "model": model},
        into=JobCounts,
    )
    if counts is None:
        raise AssertionError("a count has always a row")
    return counts
