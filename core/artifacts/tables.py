"""The table of stored files."""

from __future__ import annotations

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class ArtifactKind(enum.StrEnum):
    """The role of a stored file."""

    OUTPUT = "output"  #: an image that the job was asked for
    INPUT = "input"  #: an image that came with the request, for the job to start from


class Artifact(Table):
    """One object in the bucket.

    Only the winning attempt's outputs get a row, in the commit that ends the job; inputs get theirs in the commit that
    accepts it.
    """

    __tablename__ = "artifacts"
    __table_args__ = (
        UniqueConstraint("storage_key"),
        UniqueConstraint("job_id", "kind", "position"),
        Index(None, "account_id", "created_at"),
        CheckConstraint("kind in ('output', 'input')", name="kind"),
        CheckConstraint("(kind = 'output') = (attempt_id is not null)", name="attempt"),
        CheckConstraint("byte_size > 0 and width > 0 and height > 0 and position >= 0", name="sizes"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
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
    expires_at: Mapped[datetime | None]
    #: From then on nobody is given its bytes, and they leave the bucket; the row stays as long as its job's.
    deleted_at: Mapped[datetime | None]
