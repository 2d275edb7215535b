"""Read and list batches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from core.batches.tables import Batch
from core.errors import BatchNotFound

#: The label of a batch's jobs that names it.
LABEL = "batch"


def is_unfinished() -> ColumnElement[bool]:
    """Whether a batch has lines that are to become jobs."""
    return and_(Batch.submitted < Batch.lines, Batch.cancel_requested_at.is_(None))


def get_batch(session: Session, *, account_id: UUID, batch_id: UUID, lock: bool = False) -> Batch:
    """Raises BatchNotFound."""
    query = select(Batch).where(Batch.id == batch_id, Batch.account_id == account_id)
    batch = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if batch is None:
        raise BatchNotFound
    return batch


def list_batches(session: Session, *, account_id: UUID, after: UUID | None, at_most: int) -> list[Batch]:
    """The account's, newest first, older than `after`."""
    query = select(Batch).where(Batch.account_id == account_id).order_by(Batch.id.desc()).limit(at_most)
    return list(session.scalars(query if after is None else query.where(Batch.id < after)))


def record_submitted(session: Session, batch: Batch, *, submitted: int, refused: list[dict[str, Any]]) -> None:
    """So many of its lines have become jobs, or were refused with these errors. Only ever forward: another process may have been
    faster.
    """
    row = get_batch(session, account_id=batch.account_id, batch_id=batch.id, lock=True)
    if submitted > row.submitted:
        row.submitted = submitted
        row.refused = refused
    session.flush()


def request_batch_cancel(session: Session, *, account_id: UUID, batch_id: UUID) -> Batch:
    """From now on no line of it becomes a job. Raises BatchNotFound."""
    batch = get_batch(session, account_id=account_id, batch_id=batch_id, lock=True)
    batch.cancel_requested_at = batch.cancel_requested_at or func.now()
    session.flush()
    session.refresh(batch)
    return batch
