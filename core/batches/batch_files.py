"""Keep, find and delete files of requests."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.lock_account import lock_account
from core.batches.batches import is_unfinished
from core.batches.tables import Batch, BatchFile
from core.errors import FileInUse, FileNotFound, TooManyFiles
from core.ids import format_id

#: Files of one account, of a few MB each.
MOST_FILES = 100


def keep_batch_file(session: Session, *, account_id: UUID, name: str, body: bytes) -> BatchFile:
    """Raises TooManyFiles."""
    lock_account(session, account_id)
    count = session.execute(select(func.count()).where(BatchFile.account_id == account_id)).scalar_one()
    if count >= MOST_FILES:
        raise TooManyFiles(f"The account has {count} files of requests, as many as it may have; delete some first.")
    file = BatchFile(account_id=account_id, name=name, body=body)
    session.add(file)
    session.flush()
    session.refresh(file)
    return file


def get_batch_file(session: Session, *, account_id: UUID, file_id: UUID) -> BatchFile:
    """Raises FileNotFound."""
    file = session.get(BatchFile, file_id)
    if file is None or file.account_id != account_id:
        raise FileNotFound
    return file


def find_batch_file(session: Session, *, account_id: UUID, file_id: UUID) -> bytes | None:
    """What stands in it; None: it is not there any more."""
    file = session.get(BatchFile, file_id)
    return None if file is None or file.account_id != account_id else file.body


def list_batch_files(session: Session, *, account_id: UUID) -> list[BatchFile]:
    """The account's, newest first."""
    return list(
        session.scalars(select(BatchFile).where(BatchFile.account_id == account_id).order_by(BatchFile.id.desc()))
    )


def delete_batch_file(session: Session, *, account_id: UUID, file_id: UUID) -> None:
    """For good; batches of it stay. Raises FileNotFound, and FileInUse if lines of it are still to become jobs."""
    file = get_batch_file(session, account_id=account_id, file_id=file_id)
    batch_id = session.scalars(select(Batch.id).where(Batch.file_id == file_id, is_unfinished()).limit(1)).first()
    if batch_id is not None:
        raise FileInUse(f"The batch {format_id('batch', batch_id)} makes jobs of its lines: cancel that first.")
    session.delete(file)
