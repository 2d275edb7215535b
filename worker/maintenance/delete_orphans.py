"""Remove from the bucket what losing attempts left there: objects that no row owns."""

from __future__ import annotations

import structlog

from core.artifacts.storage import delete_prefix
from core.database import transaction
from core.errors import StorageUnavailable
from core.jobs.losing_attempts import list_losing_attempts, mark_objects_deleted
from core.settings import get_settings

_log = structlog.get_logger()


def delete_orphans() -> None:
    """One clean-up; what the store does not delete now is tried again the next time."""
    with transaction() as session:
        attempts = list_losing_attempts(session, grace_seconds=get_settings().orphan_grace_seconds)
    for attempt in attempts:
        try:
            deleted = delete_prefix(attempt.prefix)
        except StorageUnavailable as error:
            _log.warning("orphans_not_deleted", prefix=attempt.prefix, error=str(error))
            continue
        with transaction() as session:
            mark_objects_deleted(session, attempt_id=attempt.id)
        if deleted:
            _log.info("orphans_deleted", prefix=attempt.prefix, objects=deleted)
