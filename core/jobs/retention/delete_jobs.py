"""Delete many jobs of an account for good, those that a filter wants, and leave a receipt of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

import structlog

from core.artifacts.storage import Bucket
from core.database import fetch_all, transaction
from core.errors import JobInUse, JobNotFinished, JobNotFound, StorageUnavailable
from core.jobs.retention.delete_job import carry_out_deletion, request_deletion
from core.jobs.retention.tables import Deletion
from core.jobs.selection.job_filter import JobFilter
from core.jobs.selection.select_ids import SelectedId, select_ids

_FINISHED = "job.finished_at IS NOT NULL"

# A job that an unfinished one starts from is left, and is not found again by the next call.
_UNUSED = """
    NOT EXISTS (
        SELECT FROM job_sources JOIN jobs AS user_ ON user_.id = job_sources.job_id
        WHERE job_sources.source_job_id = job.id AND user_.finished_at IS NULL
    )
"""

#: Seconds of a call after which what is left to delete in the bucket is left to the sweep.
_PATIENCE_SECONDS = 10.0

_log = structlog.get_logger()


@dataclass(frozen=True)
class DeletedJobs:
    """The receipts, in the order of the jobs."""

    deletions: list[Deletion]
    #: Whether the filter wants more jobs that can be deleted.
    has_more: bool


def delete_jobs(
    wanted: JobFilter, *, account_id: UUID, limit: int, api_key_id: str, request_id: str, bucket: Bucket
) -> DeletedJobs:
    """Deletes up to `limit` finished jobs of the account, the oldest first, unless an unfinished job starts from one. First all of
    them are withdrawn, each in a transaction of its own: from then on they are shown to nobody. Then they are deleted, within
    ten seconds and as long as the store answers; receipts of the others are pending, and the sweep carries them out.
    """
    selection = select_ids(wanted, account_id=account_id, limit=limit + 1, order="asc", also=(_FINISHED, _UNUSED))
    with transaction() as session:
        ids = fetch_all(
            session.connection(), selection.query, selection.parameters, into=SelectedId, plan_for_values=True
        )
    job_ids = [job_id for (job_id,) in ids[:limit]]
    pending = list(_request(job_ids, account_id=account_id, api_key_id=api_key_id, request_id=request_id))
    return DeletedJobs(_carry_out(pending, bucket), has_more=len(ids) > limit)


def _request(job_ids: Iterable[UUID], *, account_id: UUID, api_key_id: str, request_id: str) -> Iterator[Deletion]:
    for job_id in job_ids:
        try:
            with transaction() as session:
                deletion = request_deletion(
                    session, account_id=account_id, job_id=job_id, api_key_id=api_key_id, request_id=request_id
                )
                session.refresh(deletion)
        except (JobInUse, JobNotFinished, JobNotFound):
            # A job was sent that starts from it, or its time was over, this very moment.
            continue
        yield deletion


def _carry_out(deletions: list[Deletion], bucket: Bucket) -> list[Deletion]:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    done = []
    for deletion in deletions:
        if deletion.completed_at is None and time.monotonic() < give_up_at:
            try:
                done.append(carry_out_deletion(deletion.id, job_id=deletion.job_id, bucket=bucket))
                continue
            except StorageUnavailable as error:
                _log.warning("deletion_not_completed", error=str(error))
                give_up_at = 0.0
        done.append(deletion)
    return done
