"""The table of stored files."""

from __future__ import annotations

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import format_id, new_id, parse_id


class ArtifactKind(enum.StrEnum):
    """The role of a stored file."""

    OUTPUT = "output"  #: an image that the job was asked for
    INPUT = "input"  #: an image that came with the request, or from an address in it, for the job to start from
    FILE = "file"  #: a picture that was sent by itself, for jobs to start from


class Artifact(Table):
    """One object in the bucket.

    Only the winning attempt's outputs get a row, in the commit that ends the job; inputs get theirs in the commit that
    accepts it, or once they have been fetched. A file belongs to no job: it is shown as `file_…`, and has what was sent.
    """

    __tablename__ = "artifacts"
    __table_args__ = (
        UniqueConstraint("storage_key"),
        UniqueConstraint("job_id", "kind", "position"),
        Index(None, "account_id", "created_at"),
        # The outputs of an account, newest first, its favourites, and the one of these bytes.
        Index(
            "ix_artifacts_outputs",
            *("account_id", "id"),
            postgresql_where=text("kind = 'output' and deleted_at is null"),
        ),
        Index(
            "ix_artifacts_favourites",
            *("account_id", "id"),
            postgresql_where=text("favourite_at is not null and deleted_at is null"),
        ),
        Index(
            "ix_artifacts_sha256",
            *("account_id", "sha256"),
            postgresql_where=text("kind = 'output' and deleted_at is null"),
        ),
        # The files of an account, newest first; the one that the same bytes have made; and what retention looks for.
        Index("ix_artifacts_files", "account_id", "id", postgresql_where=text("kind = 'file'")),
        Index(
            "ix_artifacts_sent",
            *("account_id", "sent_sha256"),
            unique=True,
            postgresql_where=text("kind = 'file' and deleted_at is null"),
        ),
        Index(
            "ix_artifacts_file_expires_at",
            "expires_at",
            postgresql_where=text("kind = 'file' and deleted_at is null and expires_at is not null"),
        ),
        Index(
            "ix_artifacts_file_deleted_at",
            "deleted_at",
            postgresql_where=text("kind = 'file' and deleted_at is not null"),
        ),
        CheckConstraint("kind in ('output', 'input', 'file')", name="kind"),
        CheckConstraint("(kind = 'file') = (job_id is null)", name="job"),
        CheckConstraint("(kind = 'output') = (attempt_id is not null)", name="attempt"),
        CheckConstraint("byte_size > 0 and width > 0 and height > 0 and position >= 0", name="sizes"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    #: Null for a file.
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id"))
    #: The attempt that made it; inputs were there before any.
    # No foreign key: pruning an attempt would search all artifacts for it.
    attempt_id: Mapped[UUID | None]
    kind: Mapped[str]
    #: Place among the job's artifacts of this kind, from 0.
    position: Mapped[int]
    storage_key: Mapped[str]
    media_type: Mapped[str]
    byte_size: Mapped[int] = mapped_column(BigInteger)
    #: Of the object's bytes, 64 hexadecimal digits.
    sha256: Mapped[str]
    #: Pixels.
    width: Mapped[int]
    height: Mapped[int]
    seed: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Of a file: when it is to go; null: never.
    expires_at: Mapped[datetime | None]
    #: From then on nobody is given its bytes, and they leave the bucket; the row stays as long as its job's, or as long as a
    #: job names the file.
    deleted_at: Mapped[datetime | None]
    #: Of an output: when it became a favourite of its account; null: it is none. It is kept no longer for it.
    favourite_at: Mapped[datetime | None]
    #: Of a file: when its bytes had left the bucket.
    object_deleted_at: Mapped[datetime | None]
    #: Of a file as it was sent, before it was decoded and encoded again: its sha256 (64 hexadecimal digits) and its length,
    #: and a sentence for each thing in it that was ignored.
    sent_sha256: Mapped[str | None]
    sent_byte_size: Mapped[int | None] = mapped_column(BigInteger)
    warnings: Mapped[list[str] | None]

    @property
    def public_id(self) -> str:
        """The id as clients see it."""
        return format_public_id(self.kind, self.id)


_PREFIXES = {ArtifactKind.OUTPUT: "art", ArtifactKind.INPUT: "art", ArtifactKind.FILE: "file"}


def format_public_id(kind: str, id_: UUID) -> str:
    """The id of an artifact or a file as clients see it."""
    return format_id(_PREFIXES[ArtifactKind(kind)], id_)


def parse_public_id(text: str) -> UUID | None:
    """The id of an artifact or a file, or None for any other text."""
    return parse_id("art", text) or parse_id("file", text)
