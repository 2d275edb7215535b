"""The table of receipts: what was deleted for good, when, and who asked for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class Deletion(Table):
    """The receipt of a deleted job or file. It holds no content, and stays."""

    __tablename__ = "deletions"
    __table_args__ = (
        UniqueConstraint("job_id"),
        CheckConstraint("subject in ('job', 'file', 'sweep')", name="subject"),
        Index(None, "account_id", "id"),
        Index("ix_deletions_pending", "requested_at", postgresql_where=text("completed_at is null")),
        Index("ix_deletions_unswept", "completed_at", postgresql_where=text("swept_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    #: The job's id, the file's, or the sweep's.
    job_id: Mapped[UUID]
    #: What was deleted: `job`, `file` or `sweep`.
    subject: Mapped[str] = mapped_column(server_default="job")
    #: The public part of the API key that asked for it, and the request.
    api_key_id: Mapped[str]
    request_id: Mapped[str]
    #: Key, kind, sha256 (null: not known) and moment of deletion of each object.
    objects: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When no object and no row of the job was left; null: the sweep still works on it.
    completed_at: Mapped[datetime | None]
    #: When the job's folders were emptied once more, after the time that a lost worker's upload may take.
    swept_at: Mapped[datetime | None]
