"""Keep, find and delete files of requests."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.accounts.lock_account import lock_account
from core.batches.tables import BatchFile
from core.errors import FileNotFound, TooManyFiles
from core.settings import get_settings

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
    """For good; batches of it stay. Raises FileNotFound."""
    session.delete(get_batch_file(session, account_id=account_id, file_id=file_id))


def prune_batch_files(session: Session) -> int:
    """Remove those that are as old as files become, and return how many."""
    seconds = get_settings().file_retention_seconds
    if not seconds:
        return 0
    removed = session.execute(
        delete(BatchFile).where(BatchFile.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds))
    )
    return int(removed.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it
