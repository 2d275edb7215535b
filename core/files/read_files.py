"""Read one file, or a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.errors import FileDeleted, FileNotFound
from core.ids import format_id
from core.jobs.retention.deletion_receipts import find_job_deletion


def get_file(session: Session, *, account_id: UUID, file_id: UUID) -> Artifact:
    """The account's file. Raises FileNotFound, the same whether it is another account's or there is none, and FileDeleted."""
    file = session.scalars(
        select(Artifact).where(
            Artifact.id == file_id, Artifact.account_id == account_id, Artifact.kind == ArtifactKind.FILE
        )
    ).one_or_none()
    if file is not None and file.deleted_at is None:
        return file
    deletion = find_job_deletion(session, account_id=account_id, job_id=file_id)
    if deletion is not None:
        raise FileDeleted.with_receipt(format_id("del", deletion.id))
    raise FileNotFound if file is None else FileDeleted


def list_files(session: Session, *, account_id: UUID, after: UUID | None, at_most: int) -> Sequence[Artifact]:
    """The account's files, newest first, older than `after`."""
    query = (
        select(Artifact)
        .where(Artifact.account_id == account_id, Artifact.kind == ArtifactKind.FILE, Artifact.deleted_at.is_(None))
        .order_by(Artifact.id.desc())
        .limit(at_most)
    )
    if after is not None:
        query = query.where(Artifact.id < after)
    return session.scalars(query).all()
