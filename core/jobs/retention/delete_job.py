"""Delete a finished job for good, and leave a receipt.

The receipt is written first. If a crash interrupts the deletion, the sweep resumes it: every step can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.artifacts.keys import build_job_prefixes
from core.artifacts.storage import Bucket
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import JobInUse, JobNotFinished, JobNotFound
from core.fault_points import fault_point
from core.ids import format_id
from core.jobs.retention.deletion_receipts import find_job_deletion
from core.jobs.retention.expire_images import lock_images, withdraw_images
from core.jobs.retention.remove_rows import remove_rows
from core.jobs.retention.tables import Deletion
from core.jobs.status import FINISHED
from core.jobs.tables import Job


def request_deletion(session: Session, *, account_id: UUID, job_id: UUID, api_key_id: str, request_id: str) -> Deletion:
    """The pending receipt. From the commit on the job is shown to nobody; `carry_out_deletion` does the rest.

    A second request gets the receipt of the first. Raises JobNotFound, JobNotFinished, and JobInUse if an unfinished
    job starts from one of its images.
    """
    job = session.scalars(
        select(Job).where(Job.id == job_id, Job.account_id == account_id, Job.deleted_at.is_(None)).with_for_update()
    ).one_or_none()
    if job is None:
        first = find_job_deletion(session, account_id=account_id, job_id=job_id)
        if first is None:
            raise JobNotFound
        return first
    if job.status not in FINISHED:
        raise JobNotFinished
    user = lock_images(session, [job_id]).get(job_id)
    if user is not None:
        raise JobInUse.by(format_id("job", user))

    withdraw_images(session, [job_id])
    job.deleted_at = func.now()
    artifacts = session.scalars(select(Artifact).where(Artifact.job_id == job_id).order_by(Artifact.storage_key))
    deletion = Deletion(
        account_id=account_id,
        job_id=job_id,
        api_key_id=api_key_id,
        request_id=request_id,
        objects=[
            _build_entry(artifact.storage_key, kind=artifact.kind, sha256=artifact.sha256) for artifact in artifacts
        ],
    )
    session.add(deletion)
    session.flush()
    return deletion


def carry_out_deletion(deletion_id: UUID, *, job_id: UUID, bucket: Bucket) -> Deletion:
    """Empty the job's folders in the bucket, then remove its rows. Returns the completed receipt; raises
    StorageUnavailable.
    """
    fault_point("after_deletion_requested")
    keys = [key for prefix in build_job_prefixes(job_id) for key in bucket.delete_prefix(prefix)]
    fault_point("after_objects_deleted")
    with transaction() as session:
        return _complete(session, deletion_id, keys)


def _complete(session: Session, deletion_id: UUID, keys: Sequence[str]) -> Deletion:
    deletion = session.scalars(select(Deletion).where(Deletion.id == deletion_id).with_for_update()).one()
    if deletion.completed_at is not None:
        return deletion
    session.execute(select(Job.id).where(Job.id == deletion.job_id).with_for_update())
    remove_rows(session, [deletion.job_id])
    deletion.completed_at = now = session.execute(select(func.now())).scalar_one()
    known = {described["key"] for described in deletion.objects}
    # Objects without a row: checkpoints, and what abandoned attempts had left.
    others = [_build_entry(key, kind=None, sha256=None) for key in sorted(set(keys) - known)]
    deletion.objects = [described | {"deleted_at": now.isoformat()} for described in [*deletion.objects, *others]]
    session.flush()
    return deletion


def _build_entry(key: str, *, kind: str | None, sha256: str | None) -> dict[str, Any]:
    return {"key": key, "kind": kind, "sha256": sha256, "deleted_at": None}
