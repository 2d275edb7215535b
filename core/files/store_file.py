"""Store a picture that was sent by itself: decoded, put into the bucket, and only then a row. The same bytes are one file."""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from core.accounts.lock_account import lock_account
from core.artifacts.decoded_file import MEDIA_TYPE, DecodedFile, SentFile, decoded_file
from core.artifacts.keys import build_file_key
from core.artifacts.storage import bucket_in_a_hurry
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import transaction
from core.errors import (
    DarkroomError,
    FieldError,
    FileDeleted,
    IdempotencyKeyReused,
    InvalidRequest,
    StorageUnavailable,
    TooManyFiles,
)
from core.fault_points import fault_point
from core.files.file_view import FileView, build_file_view
from core.files.known_files import build_file_expiry, count_bytes, find_known_file
from core.ids import new_id
from core.jobs.submit.idempotency import take_idempotency_key
from core.jobs.tables import IdempotencyKey
from core.pictures.limits import NotAnImage
from core.settings import get_settings

_log = structlog.get_logger()


class StoredFile(NamedTuple):
    """A file that is committed."""

    view: FileView
    #: Otherwise the account had it before.
    is_new: bool
    #: An earlier request had the same Idempotency-Key.
    is_replayed: bool = False


def store_file(sent: SentFile, *, account_id: UUID, idempotency_key: str | None) -> StoredFile:
    """The file that these bytes make, or that they have made before.

    Raises InvalidRequest for what is no picture that we take, TooManyFiles, IdempotencyKeyReused if the key came with other
    bytes before, FileDeleted if the file that it made has gone, PicturesBusy, and StorageUnavailable.
    """
    file_id = new_id()
    with transaction() as session:
        known = _find_known(session, sent, account_id=account_id, idempotency_key=idempotency_key)
        if known is not None:
            return known
        _check_quota(session, account_id, more_bytes=0)

    try:
        with decoded_file(sent, account_id=account_id) as decoded:
            return _store(decoded, sent, file_id, account_id=account_id, idempotency_key=idempotency_key)
    except NotAnImage as error:
        raise InvalidRequest([FieldError("file", str(error))]) from error


def _find_known(
    session: Session, sent: SentFile, *, account_id: UUID, idempotency_key: str | None
) -> StoredFile | None:
    """The file that the account has of these bytes, with the key settled."""
    file = find_known_file(session, account_id=account_id, sent_sha256=sent.sha256)
    if file is not None:
        is_replayed = _take_key(session, sent, file.id, account_id=account_id, idempotency_key=idempotency_key)
        return StoredFile(build_file_view(file), is_new=False, is_replayed=is_replayed)
    if idempotency_key is not None:
        first = session.get(IdempotencyKey, (account_id, idempotency_key))
        if first is not None:
            raise FileDeleted if first.request_sha256 == _digest(sent) else IdempotencyKeyReused
    return None


def _store(
    decoded: DecodedFile, sent: SentFile, file_id: UUID, *, account_id: UUID, idempotency_key: str | None
) -> StoredFile:
    key = build_file_key(file_id)
    bucket_in_a_hurry().put_file(key, decoded.png, media_type=MEDIA_TYPE, sha256=decoded.sha256)
    fault_point("after_file_stored")
    try:
        with transaction() as session:
            # One account's uploads take turns here: the same bytes may come twice at once, and its quota is for all of them.
            lock_account(session, account_id)
            stored = _find_known(session, sent, account_id=account_id, idempotency_key=idempotency_key)
            if stored is None:
                _check_quota(session, account_id, more_bytes=decoded.byte_size)
                _take_key(session, sent, file_id, account_id=account_id, idempotency_key=idempotency_key)
                file = _build_row(session, decoded, sent, file_id, account_id)
                session.add(file)
                session.flush()
                session.refresh(file)
                stored = StoredFile(build_file_view(file), is_new=True)
    except DarkroomError:
        # After any other error it is unknown whether the commit got through: the clean-up of the bucket looks at it later.
        _discard(key)
        raise
    if not stored.is_new:
        _discard(key)
    return stored


def _build_row(session: Session, decoded: DecodedFile, sent: SentFile, file_id: UUID, account_id: UUID) -> Artifact:
    return Artifact(
        id=file_id,
        account_id=account_id,
        kind=ArtifactKind.FILE,
        position=0,
        storage_key=build_file_key(file_id),
        media_type=MEDIA_TYPE,
        byte_size=decoded.byte_size,
        sha256=decoded.sha256,
        width=decoded.width,
        height=decoded.height,
        sent_sha256=sent.sha256,
        sent_byte_size=sent.byte_size,
        warnings=[f"file {warning}" for warning in decoded.warnings],
        expires_at=build_file_expiry(session, account_id),
    )


def _take_key(
    session: Session, sent: SentFile, file_id: UUID, *, account_id: UUID, idempotency_key: str | None
) -> bool:
    """Returns whether an earlier request had the key."""
    if idempotency_key is None:
        return False
    first = take_idempotency_key(
        session, account_id=account_id, key=idempotency_key, request_sha256=_digest(sent), job_id=file_id
    )
    return first is not None


def _digest(sent: SentFile) -> bytes:
    # Never that of a job: an Idempotency-Key belongs to one request of either kind.
    return hashlib.sha256(f"file {sent.sha256}".encode()).digest()


def _check_quota(session: Session, account_id: UUID, *, more_bytes: int) -> None:
    number, stored = count_bytes(session, account_id)
    settings = get_settings()
    if number >= settings.account_max_files:
        raise TooManyFiles(f"The account has {number:,} files, as many as it may have; delete some first.")
    if stored + more_bytes > settings.account_max_file_bytes:
        raise TooManyFiles(
            f"The account's files would have {stored + more_bytes:,} bytes, and may have "
            f"{settings.account_max_file_bytes:,}; delete some first."
        )


def _discard(key: str) -> None:
    try:
        bucket_in_a_hurry().delete(key)
    except StorageUnavailable as error:
        _log.warning("file_not_discarded", key=key, error=str(error))
