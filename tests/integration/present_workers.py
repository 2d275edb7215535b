"""Rendering workers that are there, as far as the database shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.database import autocommit, transaction
from core.ids import new_id
from core.jobs.queue.outlook import get_outlook_cache
from core.pools.presence import Paused, Presence, record_presence

#: What a worker describes of itself.
WORKER: dict[str, Any] = {
    "worker_id": "host:1",
    "pool": "default",
    "models": ["picturebook"],
    "loaded": ["picturebook"],
    "loading": [],
    "slots": 16,
    "is_draining": False,
}


def show_worker(**described: Any) -> UUID:
    """Write the row of a worker, as its heartbeat does, and return its id."""
    id_ = described.pop("id", None) or new_id()
    beat(id=id_, **described)
    return id_


def beat(**described: Any) -> Paused:
    """One heartbeat; returns what it brings back."""
    with autocommit() as connection:
        paused = record_presence(connection, Presence(**WORKER | described))
    look_again()
    return paused


def silence(id_: UUID, *, seconds: float) -> None:
    """Let the worker's last heartbeat be so long ago."""
    with transaction() as session:
        session.execute(
            text("update workers set seen_at = clock_timestamp() - make_interval(secs => :seconds) where id = :id"),
            {"seconds": seconds, "id": id_},
        )
    look_again()


def look_again() -> None:
    """Let the next read ask the database who is there, instead of a second later."""
    get_outlook_cache.cache_clear()
