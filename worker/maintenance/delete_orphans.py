"""Delete from the bucket what no row owns: objects of abandoned attempts, images of jobs that were not accepted, files
that were not committed, and checkpoints of jobs that have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from core.artifacts.list_orphans import list_old_checkpoints, list_old_inputs, list_owned
from core.artifacts.storage import bucket
from core.database import transaction
from core.errors import StorageUnavailable
from core.jobs.attempts.checkpoints import list_owned_checkpoints
from core.jobs.retention.abandoned_attempts import list_abandoned_attempts, mark_objects_deleted
from core.settings import get_settings

_log = structlog.get_logger()


def delete_orphans() -> None:
    """One clean-up. What the store does not delete now is tried again in the next one."""
    _delete_what_abandoned_attempts_left()
    written_before = _end_of_grace()
    try:
        for key in _list_unowned(list_old_inputs(written_before=written_before), list_owned):
            bucket().delete(key)
            _log.info("orphaned_input_deleted", key=key)
        for key in _list_unowned(list_old_checkpoints(written_before=written_before), list_owned_checkpoints):
            bucket().delete(key)
            _log.info("orphaned_checkpoint_deleted", key=key)
    except StorageUnavailable as error:
        _log.warning("orphaned_objects_not_deleted", error=str(error))


def _delete_what_abandoned_attempts_left() -> None:
    with transaction() as session:
        attempts = list_abandoned_attempts(session, grace_seconds=get_settings().orphan_grace_seconds)
    for attempt in attempts:
        try:
            deleted = bucket().delete_prefix(attempt.prefix)
        except StorageUnavailable as error:
            _log.warning("orphans_not_deleted", prefix=attempt.prefix, error=str(error))
            continue
        with transaction() as session:
            mark_objects_deleted(session, attempt_id=attempt.id)
        if deleted:
            _log.info("orphans_deleted", prefix=attempt.prefix, objects=len(deleted))


def _list_unowned(
    pages: Iterable[list[str]], list_owned_keys: Callable[[Session, list[str]], set[str]]
) -> Iterator[str]:
    """The keys that no row owns."""
    for keys in pages:
        with transaction() as session:
            unowned = set(keys) - list_owned_keys(session, keys)
        yield from unowned


def _end_of_grace() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=get_settings().orphan_grace_seconds)
