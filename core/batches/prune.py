"""Remove batches and files of requests when their time is over."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.orm import Session

from core.batches.batches import is_unfinished
from core.batches.tables import Batch, BatchFile
from core.settings import get_settings


def prune_batches(session: Session) -> int:
    """Remove those that are as old as jobs become, and return how many."""
    return _remove_older(session, Batch, get_settings().job_retention_seconds, true())


def prune_batch_files(session: Session) -> int:
    """Remove those that are as old as files become, and return how many; one whose lines are still to become jobs stays."""
    is_free = BatchFile.id.not_in(select(Batch.file_id).where(is_unfinished()))
    return _remove_older(session, BatchFile, get_settings().file_retention_seconds, is_free)


def _remove_older(
    session: Session, table: type[Batch | BatchFile], seconds: float | None, also: ColumnElement[bool]
) -> int:
    if not seconds:
        return 0
    is_old = table.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    removed = session.execute(delete(table).where(is_old, also))
    return int(removed.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it
