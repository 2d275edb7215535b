"""Images whose time is over: first nobody is given them any more, then they leave the bucket, then the rows say so.

Each step can be repeated, also by two processes at once, and after a crash between them the next run finds the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.artifacts.marks.mark_outputs import clear_boards_of
from core.artifacts.tables import Artifact
from core.database import seconds_from_now
from core.jobs.tables import Job, JobSource

#: Seconds until an image that a job starts from is due again.
_POSTPONED_SECONDS = 60.0


def expire_images(session: Session, *, at_most: int) -> int:
    """Withdraw the images of jobs whose time is over: from the commit on nobody is given them. Those that an unfinished
    job starts from are left for a minute. Returns how many jobs were due, `at_most` at the most.
    """
    due = session.scalars(
        select(Job.id)
        .where(Job.expires_at <= func.now(), Job.expired_at.is_(None))
        .order_by(Job.expires_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return 0
    in_use = set(lock_images(session, due))
    session.execute(update(Job).where(Job.id.in_(in_use)).values(expires_at=seconds_from_now(_POSTPONED_SECONDS)))
    withdraw_images(session, [job_id for job_id in due if job_id not in in_use])
    return len(due)


def lock_images(session: Session, job_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Lock the jobs' images, so that no submit starts from one, and return, for each job whose image an unfinished job
    uses, that unfinished job.
    """
    # Waits for submits that are naming one of them; what those have written is seen by the next statement.
    session.execute(
        select(Artifact.id).where(Artifact.job_id.in_(job_ids)).order_by(Artifact.id).with_for_update()
    ).all()
    users = session.execute(
        select(JobSource.source_job_id, JobSource.job_id)
        .join(Job, Job.id == JobSource.job_id)
        .where(JobSource.source_job_id.in_(job_ids), Job.finished_at.is_(None))
    )
    return dict(users.all())


def withdraw_images(session: Session, job_ids: Sequence[UUID]) -> None:
    """From the commit on nobody is given the images of these jobs, whose rows the caller has locked."""
    session.execute(update(Job).where(Job.id.in_(job_ids)).values(expired_at=func.now()))
    session.execute(
        update(Artifact)
        .where(Artifact.job_id.in_(job_ids), Artifact.deleted_at.is_(None))
        .values(deleted_at=func.now())
    )
    clear_boards_of(session, job_ids)


@dataclass(frozen=True)
class ExpiredImages:
    """Jobs whose images have to leave the bucket, and the images' keys."""

    job_ids: Sequence[UUID]
    storage_keys: Sequence[str]


def list_expired_images(session: Session, *, at_most: int) -> ExpiredImages:
    """The images that have expired and, by the rows, are still in the bucket."""
    job_ids = session.scalars(
        select(Job.id)
        .where(Job.expired_at.is_not(None), Job.objects_deleted_at.is_(None))
        .order_by(Job.expired_at)
        .limit(at_most)
    ).all()
    keys = session.scalars(select(Artifact.storage_key).where(Artifact.job_id.in_(job_ids))).all()
    return ExpiredImages(job_ids, keys)


def mark_images_deleted(session: Session, job_ids: Sequence[UUID]) -> None:
    """Record that the bucket holds no image of these jobs any more."""
    session.execute(update(Job).where(Job.id.in_(job_ids)).values(objects_deleted_at=func.now()))
