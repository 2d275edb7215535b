"""Receipts of deleted jobs and files: read them, and list those with work left to do."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.errors import DeletionNotFound
from core.jobs.retention.tables import Deletion

#: Seconds that the request for a deletion has to carry it out itself.
_UNDER_WAY_SECONDS = 60.0


def get_deletion(session: Session, *, account_id: UUID, deletion_id: UUID) -> Deletion:
    """The account's receipt. Raises DeletionNotFound, the same whether it is another account's or nobody's."""
    deletion = session.scalars(
        select(Deletion).where(Deletion.id == deletion_id, Deletion.account_id == account_id)
    ).one_or_none()
    if deletion is None:
        raise DeletionNotFound
    return deletion


def find_job_deletion(session: Session, *, account_id: UUID, job_id: UUID) -> Deletion | None:
    """The receipt of the account's deleted job or file; None if it has deleted no such thing."""
    return session.scalars(
        select(Deletion).where(Deletion.job_id == job_id, Deletion.account_id == account_id)
    ).one_or_none()


def list_deletions(session: Session, *, account_id: UUID, after: UUID | None, at_most: int) -> Sequence[Deletion]:
    """The account's receipts, newest first, older than `after`."""
    query = select(Deletion).where(Deletion.account_id == account_id).order_by(Deletion.id.desc()).limit(at_most)
    if after is not None:
        query = query.where(Deletion.id < after)
    return session.scalars(query).all()


def list_pending_deletions(session: Session, *, at_most: int) -> Sequence[Deletion]:
    """Receipts whose deletion was left unfinished by a crash, or by a store that did not answer."""
    return session.scalars(
        select(Deletion)
        .where(Deletion.completed_at.is_(None), Deletion.requested_at < seconds_from_now(-_UNDER_WAY_SECONDS))
        .order_by(Deletion.requested_at)
        .limit(at_most)
    ).all()


def list_unswept_deletions(session: Session, *, grace_seconds: float, at_most: int) -> Sequence[Deletion]:
    """Receipts completed longer ago than the grace, in which a lost worker may have uploaded something after all."""
    return session.scalars(
        select(Deletion)
        .where(Deletion.swept_at.is_(None), Deletion.completed_at < seconds_from_now(-grace_seconds))
        .order_by(Deletion.completed_at)
        .limit(at_most)
    ).all()


def mark_swept(session: Session, deletion_id: UUID) -> None:
    """Record that the job's folders have been emptied once more."""
    session.execute(update(Deletion).where(Deletion.id == deletion_id).values(swept_at=func.now()))
