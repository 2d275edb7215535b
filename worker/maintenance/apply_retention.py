"""Delete what has expired: images, then rows; and finish the deletions that were asked for.

Transactions are short, and no call of the store is inside one. Safe to run twice, at once or in a row, and to be killed
at any point.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from core.artifacts.keys import build_file_key, build_job_prefixes
from core.artifacts.storage import bucket
from core.batches.prune import prune_batch_files, prune_batches
from core.database import transaction
from core.errors import StorageUnavailable
from core.fault_points import fault_point
from core.files.delete_file import carry_out_file_deletion
from core.files.expire_files import expire_files, list_withdrawn_files, mark_files_deleted, prune_files
from core.ids import format_id
from core.jobs.retention.delete_job import carry_out_deletion
from core.jobs.retention.deletion_receipts import list_pending_deletions, list_unswept_deletions, mark_swept
from core.jobs.retention.expire_images import expire_images, list_expired_images, mark_images_deleted
from core.jobs.retention.forget_content import expire_announced, forget_content
from core.jobs.retention.prune_rows import list_prunable_jobs, prune_idempotency_keys, prune_jobs
from core.jobs.retention.tables import Deletion
from core.metrics import JOBS_DELETED, JOBS_EXPIRED, JOBS_PRUNED
from core.settings import get_settings
from core.sweeps.delete_sweep import carry_out_sweep_deletion, prune_sweeps

#: Jobs in one transaction.
_BATCH = 200

#: Idempotency keys in one transaction, and deletions in one run.
_KEYS = 1_000
_DELETIONS = 100

#: Seconds for each kind of work; the next run does the rest.
_SECONDS = 50.0

_log = structlog.get_logger()


def apply_retention() -> None:
    """One run. What the store does not delete now is tried again in the next one."""
    _finish_deletions()
    with transaction() as session:
        expire_announced(session, address_seconds=get_settings().download_url_seconds)
    for work in (_expire, _expire_files, _forget_content, prune_batch, _prune_sweeps, _prune_batches, _forget_keys):
        _repeat(work)


def prune_batch() -> bool:
    """Remove up to 200 jobs whose retention has ended. Returns whether there may be more. Raises StorageUnavailable."""
    with transaction() as session:
        prunable = list_prunable_jobs(session, at_most=_BATCH)
    if not prunable.job_ids:
        return False
    for prefix in prunable.prefixes:
        bucket().delete_prefix(prefix)
    with transaction() as session:
        pruned = prune_jobs(session, prunable.job_ids)
    JOBS_PRUNED.inc(pruned)
    _log.info("jobs_pruned", jobs=pruned)
    return pruned == _BATCH


def _repeat(work: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + _SECONDS
    try:
        while time.monotonic() < gives_up_at and work():
            pass
    except StorageUnavailable as error:
        _log.warning("expired_objects_not_deleted", error=str(error))


def _finish_deletions() -> None:
    with transaction() as session:
        pending = list_pending_deletions(session, at_most=_DELETIONS)
        unswept = list_unswept_deletions(session, grace_seconds=get_settings().orphan_grace_seconds, at_most=_DELETIONS)
    try:
        for deletion in pending:
            _carry_out(deletion)
            _log.info("deletion_completed", deletion_id=format_id("del", deletion.id))
        for deletion in unswept:
            for prefix in _list_prefixes(deletion):
                bucket().delete_prefix(prefix)
            with transaction() as session:
                mark_swept(session, deletion.id)
    except StorageUnavailable as error:
        _log.warning("deletions_not_completed", error=str(error))


def _carry_out(deletion: Deletion) -> None:
    if deletion.subject == "file":
        carry_out_file_deletion(deletion.id, file_id=deletion.job_id, bucket=bucket())
    elif deletion.subject == "sweep":
        carry_out_sweep_deletion(deletion, bucket=bucket(), seconds=_SECONDS)
    else:
        carry_out_deletion(deletion.id, job_id=deletion.job_id, bucket=bucket())
        JOBS_DELETED.inc()


def _list_prefixes(deletion: Deletion) -> list[str]:
    if deletion.subject == "sweep":
        return [described["key"] for described in deletion.objects]
    return [build_file_key(deletion.job_id)] if deletion.subject == "file" else build_job_prefixes(deletion.job_id)


def _expire() -> bool:
    """Returns whether there may be more."""
    with transaction() as session:
        looked_at = expire_images(session, at_most=_BATCH)
        expired = list_expired_images(session, at_most=_BATCH)
    if not expired.job_ids:
        return looked_at == _BATCH
    fault_point("after_expiry")
    bucket().delete_many(expired.storage_keys)
    fault_point("after_objects_deleted")
    with transaction() as session:
        mark_images_deleted(session, expired.job_ids)
    JOBS_EXPIRED.inc(len(expired.job_ids))
    _log.info("images_expired", jobs=len(expired.job_ids), objects=len(expired.storage_keys))
    return True


def _forget_content() -> bool:
    with transaction() as session:
        forgotten = forget_content(session, at_most=_BATCH)
        fault_point("before_content_forgotten")
    if forgotten:
        _log.info("content_forgotten", jobs=forgotten)
    return forgotten == _BATCH


def _expire_files() -> bool:
    """Returns whether there may be more."""
    with transaction() as session:
        looked_at = expire_files(session, at_most=_BATCH)
        withdrawn = list_withdrawn_files(session, at_most=_BATCH)
    if withdrawn:
        fault_point("after_expiry")
        bucket().delete_many(list(withdrawn.values()))
        fault_point("after_objects_deleted")
    with transaction() as session:
        mark_files_deleted(session, list(withdrawn))
        pruned = prune_files(session, at_most=_BATCH)
    if withdrawn:
        _log.info("files_expired", files=len(withdrawn))
    return _BATCH in {looked_at, len(withdrawn), pruned}


def _prune_sweeps() -> bool:
    with transaction() as session:
        pruned = prune_sweeps(session, at_most=_BATCH)
    if pruned:
        _log.info("sweeps_pruned", sweeps=pruned)
    return pruned == _BATCH


def _prune_batches() -> bool:
    with transaction() as session:
        pruned = prune_batches(session) + prune_batch_files(session)
    if pruned:
        _log.info("batches_pruned", batches=pruned)
    return False


def _forget_keys() -> bool:
    with transaction() as session:
        forgotten = prune_idempotency_keys(
            session, older_than_seconds=get_settings().idempotency_key_seconds, at_most=_KEYS
        )
    return forgotten == _KEYS
