"""Attempts that lost: nothing that they stored belongs to a row, so it is deleted after a while."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.artifacts.keys import build_attempt_prefix
from core.database import seconds_from_now
from core.jobs.status import AttemptStatus
from core.jobs.tables import JobAttempt


@dataclass(frozen=True)
class AbandonedAttempt:
    """An attempt, and the folder of the bucket that it alone wrote to."""

    id: UUID
    prefix: str


def list_abandoned_attempts(session: Session, *, grace_seconds: float, at_most: int = 100) -> list[AbandonedAttempt]:
    """Attempts that ended without success longer than `grace_seconds` ago (so that a stale worker's last upload is
    over too) and whose objects have not been deleted yet.
    """
    rows = session.execute(
        select(JobAttempt.id, JobAttempt.job_id, JobAttempt.attempt_number)
        .where(
            JobAttempt.status.not_in([AttemptStatus.RUNNING, AttemptStatus.SUCCEEDED]),
            JobAttempt.objects_deleted_at.is_(None),
            JobAttempt.finished_at < seconds_from_now(-grace_seconds),
        )
        .order_by(JobAttempt.finished_at)
        .limit(at_most)
    )
    return [
        AbandonedAttempt(attempt_id, build_attempt_prefix(job_id=job_id, attempt_number=number))
        for attempt_id, job_id, number in rows
    ]


def mark_objects_deleted(session: Session, *, attempt_id: UUID) -> None:
    """Record that the attempt's folder is empty."""
    session.execute(update(JobAttempt).where(JobAttempt.id == attempt_id).values(objects_deleted_at=func.now()))
