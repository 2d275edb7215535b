"""Tables of the rendering workers that are there, and of what operators have paused."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class Worker(Table):
    """A rendering process: it writes its row at its start and with every heartbeat, and takes it along at its end."""

    __tablename__ = "workers"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)  # heartbeats update in place

    #: Of this start of the process.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    #: As its attempts have it: host and process id, which may come back.
    worker_id: Mapped[str]
    pool: Mapped[str]
    #: Ids of the models that it can serve, that it has in memory, and that it loads at the moment.
    models: Mapped[list[str]] = mapped_column(JSONB)
    loaded: Mapped[list[str]] = mapped_column(JSONB)
    loading: Mapped[list[str]] = mapped_column(JSONB)
    #: Jobs that it can hold.
    slots: Mapped[int]
    #: It shuts down, and claims nothing more.
    is_draining: Mapped[bool]
    #: By model, what its jobs took: `core.pools.speed.Speed` as JSON.
    speeds: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: Versions of the libraries that draw, as receipts have them; null: a worker of the release before.
    versions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Its last heartbeat, on the database's clock.
    seen_at: Mapped[datetime]


class Pause(Table):
    """A pool, or a model in it, whose jobs an operator has paused."""

    __tablename__ = "pauses"
    __table_args__ = (UniqueConstraint("pool", "model", postgresql_nulls_not_distinct=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pool: Mapped[str]
    #: Null: every model of the pool.
    model: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
