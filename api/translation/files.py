"""Pictures that clients of other systems send by themselves: files of the account, as `/v1/files` has them."""

from __future__ import annotations

import hashlib
import io

from api.authentication import current_account_id
from api.files.blueprint import FilePath
from api.files.delete_file import delete_one
from api.translation.form import SentFile as SentPart
from core.artifacts.decoded_file import SentFile
from core.artifacts.storage import bucket_in_a_hurry
from core.database import transaction
from core.files import read_files
from core.files.file_view import FileView, build_file_view
from core.files.store_file import store_file
from core.ids import parse_id


def keep_file(part: SentPart) -> FileView:
    """The file that the part makes; its bytes decide what it is. Raises what `store_file` raises."""
    sent = SentFile(io.BytesIO(part.body), len(part.body), hashlib.sha256(part.body).hexdigest())
    return store_file(sent, account_id=current_account_id(), idempotency_key=None).view


def find_file(file_id: str) -> FileView:
    """Raises FileNotFound, and FileDeleted."""
    with transaction() as session:
        return build_file_view(
            read_files.get_file(session, account_id=current_account_id(), file_id=FilePath(file_id=file_id).parse())
        )


def read_file(file_id: str) -> bytes:
    """The PNG that is stored. Raises FileNotFound, FileDeleted, and StorageUnavailable."""
    with transaction() as session:
        file = read_files.get_file(session, account_id=current_account_id(), file_id=FilePath(file_id=file_id).parse())
        key = file.storage_key
    return bucket_in_a_hurry().get(key)


def list_files(*, limit: int, after: str | None = None) -> tuple[list[FileView], bool]:
    """The account's files, newest first, older than the file `after`; and whether there are more."""
    with transaction() as session:
        found = read_files.list_files(
            session, account_id=current_account_id(), after=parse_id("file", after or ""), at_most=limit + 1
        )
        return [build_file_view(file) for file in found[:limit]], len(found) > limit


def delete_file(file_id: str) -> None:
    """Deletes the file for good. Raises FileNotFound, FileDeleted, and FileInUse."""
    delete_one(FilePath(file_id=file_id).parse())
