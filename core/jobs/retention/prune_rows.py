"""Rows whose time is over: jobs, some hundred at a time, and idempotency keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from core.artifacts.keys import build_attempt_prefix
from core.jobs.retention.remove_rows import remove_rows
from core.jobs.status import AttemptStatus
from core.jobs.tables import IdempotencyKey, Job, JobAttempt


@dataclass(frozen=True)
class PrunableJobs:
    """Jobs whose rows can go, and the folders of the bucket that have to be emptied before."""

    job_ids: Sequence[UUID]
    #: Folders of abandoned attempts that the clean-up of the bucket has not emptied yet.
    prefixes: Sequence[str]


def list_prunable_jobs(session: Session, *, at_most: int) -> PrunableJobs:
    """Jobs whose time is over and whose images have left the bucket."""
    job_ids = session.scalars(
        select(Job.id)
        .where(Job.row_expires_at <= func.now(), Job.objects_deleted_at.is_not(None), Job.deleted_at.is_(None))
        .order_by(Job.row_expires_at)
        .limit(at_most)
    ).all()
    attempts = session.execute(
        select(JobAttempt.job_id, JobAttempt.attempt_number).where(
            JobAttempt.job_id.in_(job_ids),
            JobAttempt.status != AttemptStatus.SUCCEEDED,
            JobAttempt.objects_deleted_at.is_(None),
        )
    )
    return PrunableJobs(
        job_ids, [build_attempt_prefix(job_id=job_id, attempt_number=number) for job_id, number in attempts]
    )


def prune_jobs(session: Session, job_ids: Sequence[UUID]) -> int:
    """Remove the jobs with all that belongs to them, but leave those that another process prunes. Returns how many it
    removed.
    """
    held = session.scalars(select(Job.id).where(Job.id.in_(job_ids)).with_for_update(skip_locked=True)).all()
    if held:
        remove_rows(session, held)
    return len(held)


def prune_idempotency_keys(session: Session, *, older_than_seconds: float, at_most: int) -> int:
    """Forget keys, and return how many: from then on the same key makes a new job."""
    due = (
        select(IdempotencyKey.account_id, IdempotencyKey.key)
        .where(IdempotencyKey.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_seconds))
        .order_by(IdempotencyKey.created_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    keys = session.execute(due).all()
    if keys:
        session.execute(delete(IdempotencyKey).where(tuple_(IdempotencyKey.account_id, IdempotencyKey.key).in_(keys)))
    return len(keys)
