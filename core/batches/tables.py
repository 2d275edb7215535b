"""Tables of batches, and of the files that hold their requests. Their jobs are rows of `jobs` whose metadata name them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class BatchFile(Table):
    """A text with one request in each line, as it was sent."""

    __tablename__ = "batch_files"
    __table_args__ = (Index(None, "account_id", "id"), Index(None, "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Batch(Table):
    """The requests of a file, on their way."""

    __tablename__ = "batches"
    __table_args__ = (Index(None, "account_id", "id"), Index(None, "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    # No foreign key: the file may be deleted before the batch.
    file_id: Mapped[UUID]
    #: The operation that its lines are for.
    endpoint: Mapped[str]
    # "metadata" is SQLAlchemy's own word on a mapped class
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    #: Requests in it; 0: the file is none that can be worked on, and `refused` says why.
    lines: Mapped[int]
    #: Of these, how many have been submitted or refused.
    submitted: Mapped[int] = mapped_column(server_default="0")
    #: Errors: of lines that were refused, with their `custom_id`, or of the file.
    refused: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cancel_requested_at: Mapped[datetime | None]
