"""Which checkpoint in the bucket is a job's: an attempt's row names its own, and the next attempt is given it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from core.artifacts.keys import parse_checkpoint_job
from core.jobs.status import AttemptStatus
from core.jobs.tables import Job, JobAttempt


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint that lies in the bucket."""

    storage_key: str
    #: Of its bytes.
    sha256: str
    #: Steps of the render that are behind it, and how many there are, as its schedulers count. None: written by the release
    #: before this field.
    step: int
    steps: int | None = None

    def describe(self) -> dict[str, Any]:
        """As the attempt's row keeps it."""
        return {"key": self.storage_key, "sha256": self.sha256, "step": self.step, "steps": self.steps}

    @classmethod
    def of(cls, described: dict[str, Any]) -> StoredCheckpoint:
        """Reads what `describe` returned. Fields that a later release may add are ignored."""
        return cls(described["key"], described["sha256"], described["step"], described.get("steps"))

    def count_done(self, steps: int) -> int:
        """How many of the `steps` that were asked for are behind it: schedulers of second order take more."""
        return min(steps, self.step * steps // (self.steps or steps))


def find_checkpoint(session: Session, *, job_id: UUID) -> StoredCheckpoint | None:
    """Returns the checkpoint that the job's next attempt resumes from: the latest that an attempt had while it held its lease.

    Returns None also if an attempt failed after that without one of its own: what made it fail may be in the checkpoint.
    """
    described = session.execute(
        select(JobAttempt.checkpoint)
        .where(
            JobAttempt.job_id == job_id,
            or_(JobAttempt.checkpoint.is_not(None), JobAttempt.status == AttemptStatus.FAILED),
        )
        .order_by(JobAttempt.attempt_number.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if described is None else StoredCheckpoint.of(described)


def list_owned_checkpoints(session: Session, keys: Collection[str]) -> set[str]:
    """Returns those of the keys that an attempt of an unfinished job names."""
    job_ids = {job_id for job_id in map(parse_checkpoint_job, keys) if job_id is not None}
    return set(keys) & set(session.scalars(_owned().where(JobAttempt.job_id.in_(job_ids))))


def list_all_owned_checkpoints(session: Session) -> set[str]:
    """Returns the keys of all checkpoints that an unfinished job can resume from. Reads the whole table."""
    return set(session.scalars(_owned()))


def _owned() -> Select[str]:
    return (
        select(JobAttempt.checkpoint["key"].astext)
        .join(Job, Job.id == JobAttempt.job_id)
        .where(Job.finished_at.is_(None), JobAttempt.checkpoint.is_not(None))
    )
