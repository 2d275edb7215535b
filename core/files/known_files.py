"""The file that the same bytes have made before, and how long a file is kept."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Null, func, null, select
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import seconds_from_now
from core.errors import FileUnknown
from core.settings import get_settings


def get_known_file(session: Session, *, account_id: UUID, sent_sha256: str) -> Artifact:
    """The file that the account has made of bytes with this sha256, kept from now on as if they had been sent again.

    Raises FileUnknown.
    """
    file = find_known_file(session, account_id=account_id, sent_sha256=sent_sha256)
    if file is None:
        raise FileUnknown
    return file


def find_known_file(session: Session, *, account_id: UUID, sent_sha256: str) -> Artifact | None:
    """The same, or None. Its row is locked until the caller's transaction ends."""
    file = session.scalars(
        select(Artifact)
        .where(
            Artifact.account_id == account_id,
            Artifact.sent_sha256 == sent_sha256,
            Artifact.kind == ArtifactKind.FILE,
            Artifact.deleted_at.is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if file is not None:
        file.expires_at = build_file_expiry(session, account_id)
        session.flush()
        session.refresh(file)
    return file


def build_file_expiry(session: Session, account_id: UUID) -> ColumnElement[datetime] | Null:
    """The moment, as SQL, until which a file that is sent now is kept: FILE_RETENTION_SECONDS, and no longer than the account's
    images are. Null: for ever.
    """
    own = session.execute(select(Account.artifact_retention_seconds).where(Account.id == account_id)).scalar_one()
    settings = get_settings()
    images = settings.artifact_retention_seconds if own is None else own
    seconds = min(filter(None, (images, settings.file_retention_seconds)), default=None)
    return null() if seconds is None else seconds_from_now(seconds)


def count_bytes(session: Session, account_id: UUID) -> tuple[int, int]:
    """How many files the account has, and their bytes in the store."""
    number, stored = session.execute(
        select(func.count(), func.coalesce(func.sum(Artifact.byte_size), 0)).where(
            Artifact.account_id == account_id, Artifact.kind == ArtifactKind.FILE, Artifact.deleted_at.is_(None)
        )
    ).one()
    return int(number), int(stored)
