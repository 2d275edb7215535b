"""Pause and resume a pool, or a model in it, for everybody: what an operator does to have a device for something else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.ids import new_id
from core.pools.tables import Pause


def record_pause(session: Session, *, pool: str, model: str | None) -> bool:
    """Pauses the pool, or the model in it. Returns whether it was not paused before."""
    written = session.execute(
        insert(Pause)
        .values(id=new_id(), pool=pool, model=model)
        .on_conflict_do_nothing(index_elements=["pool", "model"])
        .returning(Pause.id)
    ).scalar_one_or_none()
    return written is not None


def remove_pause(session: Session, *, pool: str, model: str | None) -> bool:
    """Ends the pause of the pool, or of the model in it. Returns whether there was one."""
    is_it = Pause.model.is_(None) if model is None else Pause.model == model
    removed = session.execute(delete(Pause).where(Pause.pool == pool, is_it).returning(Pause.id)).all()
    return bool(removed)


def list_pauses(session: Session) -> list[Pause]:
    """Returns what is paused, by pool."""
    return list(session.scalars(select(Pause).order_by(Pause.pool, Pause.model)))


def is_paused(pool: Any, model: Any) -> ColumnElement[bool]:
    """Builds the condition that the model's jobs in the pool (columns, or values) are paused."""
    found = exists().where(Pause.pool == pool, or_(Pause.model.is_(None), Pause.model == model))
    return found.correlate_except(Pause)


def is_pool_paused(pool: Any) -> ColumnElement[bool]:
    """Builds the condition that the whole pool (a column, or a value) is paused."""
    return exists().where(Pause.pool == pool, Pause.model.is_(None)).correlate_except(Pause)
