"""The table of sweeps. Their jobs are rows of `jobs` that name them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class SweepStatus(enum.StrEnum):
    """Where a sweep is."""

    DRAFT = "draft"  #: it can be appended to, and nothing is queued
    RUNNING = "running"  #: its jobs are queued; some may have ended
    FINISHED = "finished"  #: all its jobs have ended
    CANCELLED = "cancelled"  #: all its jobs have ended, some because the sweep was cancelled


#: No status follows these.
ENDED = frozenset({SweepStatus.FINISHED, SweepStatus.CANCELLED})


class Sweep(Table):
    """A product of axes. Once it runs, each cell of it is a job."""

    __tablename__ = "sweeps"
    __table_args__ = (
        CheckConstraint("status in ('draft', 'running', 'finished', 'cancelled')", name="status"),
        CheckConstraint("(status in ('finished', 'cancelled')) = (finished_at is not null)", name="finished"),
        CheckConstraint("cells > 0 and tries >= 0", name="numbers"),
        Index("ix_sweeps_account_id", "account_id", "id"),
        Index("ix_sweeps_running", "next_try_at", postgresql_where=text("status = 'running'")),
        Index("ix_sweeps_row_expires_at", "row_expires_at", postgresql_where=text("row_expires_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    status: Mapped[str]
    name: Mapped[str]
    # "metadata" is SQLAlchemy's own word on a mapped class
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    #: What `Axes` holds, and the render request that every cell begins with. JSON and not JSONB: they keep their order.
    axes: Mapped[dict[str, Any]] = mapped_column(JSON)
    base: Mapped[dict[str, Any]] = mapped_column(JSON)
    cells: Mapped[int]
    #: Megapixel-steps of all cells.
    cost: Mapped[float]
    #: Of the HTTP request that sent it.
    request_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When its jobs were queued.
    started_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    #: How many of its jobs had which status at its end; null: count them.
    counts: Mapped[dict[str, Any] | None]
    #: The file that is its contact sheet.
    # No foreign key: the file may go before the sweep.
    sheet_id: Mapped[UUID | None]
    #: Tries of its end that were begun. Of the latest one nothing is heard after `next_try_at`.
    tries: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When the row is to go; null: never, or the sweep runs.
    row_expires_at: Mapped[datetime | None]
    #: When its owner deleted it: it is shown to nobody, and its `Deletion` is the receipt.
    deleted_at: Mapped[datetime | None]
