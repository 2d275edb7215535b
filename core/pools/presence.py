"""The presence of rendering workers: written with each heartbeat, read by all who want to know who serves what."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Double, cast, delete, func, select
from sqlalchemy.orm import Session

from core.database import execute, fetch_one
from core.pools.speed import Speed
from core.pools.tables import Worker

#: Seconds between two heartbeats, and after which a worker without one counts as gone.
BEAT_SECONDS = 5.0
LIVE_SECONDS = 12.0

_RECORD = """
    INSERT INTO workers (id, worker_id, pool, models, loaded, loading, slots, is_draining, speeds, versions, seen_at)
    VALUES (
        %(id)s, %(worker_id)s, %(pool)s, %(models)s::jsonb, %(loaded)s::jsonb, %(loading)s::jsonb, %(slots)s,
        %(is_draining)s, %(speeds)s::jsonb, %(versions)s::jsonb, clock_timestamp()
    )
    ON CONFLICT (id) DO UPDATE SET
        models = excluded.models, loaded = excluded.loaded, loading = excluded.loading, is_draining = excluded.is_draining,
        speeds = excluded.speeds, seen_at = excluded.seen_at
    RETURNING (
        SELECT coalesce(jsonb_agg(pauses.model), '[]') FROM pauses WHERE pauses.pool = %(pool)s
    ) AS paused
"""

_REMOVE = "DELETE FROM workers WHERE id = %(id)s"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """What a worker says of itself."""

    #: Of this start of the process.
    id: UUID
    worker_id: str
    pool: str
    models: list[str]
    loaded: list[str]
    loading: list[str]
    slots: int
    is_draining: bool
    #: By model.
    speeds: dict[str, Speed] = field(default_factory=dict)
    #: Of the libraries that draw, as receipts have them.
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Paused:
    """What of a worker's work an operator has paused."""

    pool: bool
    models: frozenset[str]

    def covers(self, model: str) -> bool:
        """Whether the model's jobs are paused."""
        return self.pool or model in self.models


class _Answer(NamedTuple):
    paused: list[str | None]


def record_presence(connection: Connection, presence: Presence) -> Paused:
    """Writes the worker's row, in one statement, and returns what is paused of its pool."""
    lists = {name: json.dumps(sorted(getattr(presence, name))) for name in ("models", "loaded", "loading")}
    speeds = json.dumps({model: speed.describe() for model, speed in presence.speeds.items()})
    documents = lists | {"speeds": speeds, "versions": json.dumps(presence.versions)}
    answer = fetch_one(connection, _RECORD, vars(presence) | documents, into=_Answer)
    if answer is None:
        raise AssertionError("a row that was just written has come back")
    return Paused(None in answer.paused, frozenset(model for model in answer.paused if model is not None))


def remove_presence(connection: Connection, id_: UUID) -> None:
    """Removes the row of a worker that ends."""
    execute(connection, _REMOVE, {"id": id_})


def remove_dead(session: Session, *, silent_seconds: float = 60.0) -> list[str]:
    """Removes the rows of workers that have been silent for so long, and returns their worker ids. Nobody counts on one after
    `LIVE_SECONDS`; its row stays a while longer for an operator to see.
    """
    # clock_timestamp(), since a heartbeat may be written after this transaction began.
    silent_for = func.extract("epoch", func.clock_timestamp() - Worker.seen_at)
    removed = session.scalars(delete(Worker).where(silent_for > silent_seconds).returning(Worker.worker_id))
    return list(removed.all())


@dataclass(frozen=True)
class SeenWorker:
    """A worker's row, and whether it still counts."""

    worker_id: str
    pool: str
    models: list[str]
    loaded: list[str]
    loading: list[str]
    slots: int
    is_draining: bool
    speeds: dict[str, Any]
    versions: dict[str, str] | None
    started_at: datetime
    #: Seconds since its last heartbeat.
    silent_seconds: float

    @property
    def is_live(self) -> bool:
        return self.silent_seconds <= LIVE_SECONDS


def list_workers(session: Session) -> list[SeenWorker]:
    """Returns every worker that has a row, those that have died lately among them, by pool and start."""
    silent = cast(func.extract("epoch", func.clock_timestamp() - Worker.seen_at), Double).label("silent_seconds")
    rows = session.execute(
        select(
            *(Worker.worker_id, Worker.pool, Worker.models, Worker.loaded, Worker.loading, Worker.slots),
            *(Worker.is_draining, Worker.speeds, Worker.versions, Worker.started_at, silent),
        ).order_by(Worker.pool, Worker.started_at, Worker.id)
    )
    return [SeenWorker(**row) for row in rows.mappings()]


def count_live(session: Session) -> dict[str, int]:
    """Returns how many workers of each pool are there and take jobs."""
    counts: dict[str, int] = {}
    for worker in list_workers(session):
        if worker.is_live and not worker.is_draining:
            counts[worker.pool] = counts.get(worker.pool, 0) + 1
    return counts


def find_common_versions(session: Session, *, pool: str, model: str) -> dict[str, str]:
    """Returns the versions of libraries that all workers have which are there and can serve the model; empty if they differ, or if
    there are none.
    """
    found = [
        worker.versions or {}
        for worker in list_workers(session)
        if worker.is_live and not worker.is_draining and worker.pool == pool and model in worker.models
    ]
    return found[0] if found and all(versions == found[0] for versions in found) else {}
