"""Files whose time is over: first nobody is given them any more, then they leave the bucket, then their rows go.

Each step can be repeated, also by two processes at once, and after a crash between them the next run finds the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.database import seconds_from_now
from core.files.delete_file import find_users
from core.jobs.retention.tables import Deletion
from core.jobs.tables import JobSource

#: Seconds until a file that a job starts from is due again.
_POSTPONED_SECONDS = 60.0

_IS_FILE = Artifact.kind == ArtifactKind.FILE


def expire_files(session: Session, *, at_most: int) -> int:
    """Withdraw the files whose time is over: from the commit on nobody is given them. Those that an unfinished job starts
    from are left for a minute. Returns how many were due, `at_most` at the most.
    """
    due = session.scalars(
        select(Artifact.id)
        .where(_IS_FILE, Artifact.deleted_at.is_(None), Artifact.expires_at <= func.now())
        .order_by(Artifact.expires_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    if due:
        in_use = find_users(session, due).keys()
        _set(session, list(in_use), expires_at=seconds_from_now(_POSTPONED_SECONDS))
        _set(session, [file_id for file_id in due if file_id not in in_use], deleted_at=func.now())
    return len(due)


def list_withdrawn_files(session: Session, *, at_most: int) -> dict[UUID, str]:
    """The storage keys of files that nobody is given any more and that, by the rows, are still in the bucket, by id. A file
    with a receipt is left to the deletion that wrote it.
    """
    has_receipt = exists().where(Deletion.job_id == Artifact.id)
    rows = session.execute(
        select(Artifact.id, Artifact.storage_key)
        .where(_IS_FILE, Artifact.deleted_at.is_not(None), Artifact.object_deleted_at.is_(None), ~has_receipt)
        .order_by(Artifact.deleted_at)
        .limit(at_most)
    )
    return dict(rows.all())


def mark_files_deleted(session: Session, file_ids: Sequence[UUID]) -> None:
    """Record that the bucket does not hold these files any more."""
    _set(session, file_ids, object_deleted_at=func.now())


def prune_files(session: Session, *, at_most: int) -> int:
    """Remove the rows of files that have left the bucket and that no job names. Returns how many."""
    is_named = exists().where(JobSource.source_job_id == Artifact.id)
    ids = session.scalars(
        select(Artifact.id)
        .where(_IS_FILE, Artifact.deleted_at.is_not(None), Artifact.object_deleted_at.is_not(None), ~is_named)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    if ids:
        session.execute(delete(Artifact).where(Artifact.id.in_(ids)))
    return len(ids)


def _set(session: Session, file_ids: Sequence[UUID], **values: object) -> None:
    if file_ids:
        session.execute(update(Artifact).where(Artifact.id.in_(file_ids)).values(**values))
