"""Delete a sweep for good: its jobs, each with a receipt of its own, its contact sheet, and its row; and leave a receipt.

The receipt is written first. If a crash interrupts the deletion, the retention resumes it: every step can be repeated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from core.artifacts.storage import Bucket
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import FileInUse, JobInUse, JobNotFinished, JobNotFound, SweepNotFinished, SweepNotFound
from core.fault_points import fault_point
from core.files.delete_file import find_users
from core.ids import format_id
from core.jobs.retention.delete_job import carry_out_deletion, request_deletion
from core.jobs.retention.deletion_receipts import find_job_deletion
from core.jobs.retention.tables import Deletion
from core.jobs.tables import Job, JobSource
from core.sweeps.tables import Sweep, SweepStatus
from core.webhooks.remove_events import remove_events
from core.webhooks.tables import WebhookEvent


def request_sweep_deletion(
    session: Session, *, account_id: UUID, sweep_id: UUID, api_key_id: str, request_id: str
) -> Deletion:
    """The pending receipt. From the commit on the sweep is shown to nobody; `carry_out_sweep_deletion` does the rest.

    A second request gets the receipt of the first. Raises SweepNotFound, SweepNotFinished, JobInUse if an unfinished job starts
    from an image of the sweep's jobs, and FileInUse if one starts from its contact sheet.
    """
    sweep = session.scalars(
        select(Sweep)
        .where(Sweep.id == sweep_id, Sweep.account_id == account_id, Sweep.deleted_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if sweep is None:
        first = find_job_deletion(session, account_id=account_id, job_id=sweep_id)
        if first is None:
            raise SweepNotFound
        return first
    if sweep.status == SweepStatus.RUNNING:
        raise SweepNotFinished
    _check_unused(session, sweep)

    sweep.deleted_at = func.now()
    sheet = None if sweep.sheet_id is None else session.get(Artifact, sweep.sheet_id, with_for_update=True)
    objects = []
    if sheet is not None and sheet.deleted_at is None:
        sheet.deleted_at = func.now()
        objects = [{"key": sheet.storage_key, "kind": "file", "sha256": sheet.sha256, "deleted_at": None}]
    deletion = Deletion(
        account_id=account_id,
        job_id=sweep_id,
        subject="sweep",
        api_key_id=api_key_id,
        request_id=request_id,
        objects=objects,
    )
    session.add(deletion)
    session.flush()
    return deletion


def carry_out_sweep_deletion(deletion: Deletion, *, bucket: Bucket, seconds: float) -> Deletion:
    """Delete the jobs, then the sheet, then the rows, and complete the receipt, which is returned. It stays pending if that takes longer,
    or if a job that was sent in between starts from one of the images. Raises StorageUnavailable.
    """
    fault_point("after_deletion_requested")
    if not _delete_jobs(deletion, bucket, seconds):
        return deletion
    for described in deletion.objects:
        bucket.delete(described["key"])
    fault_point("after_objects_deleted")
    with transaction() as session:
        return _complete(session, deletion.id)


def remove_sweeps(session: Session, sweep_ids: Sequence[UUID]) -> None:
    """Remove the rows of sweeps, with their events and webhooks. Their jobs stay. The caller has locked the rows."""
    remove_events(session, WebhookEvent.sweep_id, sweep_ids)
    session.execute(delete(Sweep).where(Sweep.id.in_(sweep_ids)))


def prune_sweeps(session: Session, *, at_most: int) -> int:
    """Remove the rows of sweeps, and of drafts, whose time is over. Returns how many."""
    due = session.scalars(
        select(Sweep.id)
        .where(Sweep.row_expires_at <= func.now(), Sweep.deleted_at.is_(None))
        .order_by(Sweep.row_expires_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    if due:
        remove_sweeps(session, due)
    return len(due)


def _check_unused(session: Session, sweep: Sweep) -> None:
    of_sweep = aliased(Job)
    others = exists().where(of_sweep.id == JobSource.source_job_id, of_sweep.sweep_id == sweep.id)
    used_by = session.execute(
        select(JobSource.job_id).join(Job, Job.id == JobSource.job_id).where(others, Job.finished_at.is_(None)).limit(1)
    ).scalar_one_or_none()
    if used_by is not None:
        raise JobInUse.by(format_id("job", used_by))
    users = {} if sweep.sheet_id is None else find_users(session, [sweep.sheet_id])
    for user in users.values():
        raise FileInUse.by(format_id("job", user))


def _delete_jobs(deletion: Deletion, bucket: Bucket, seconds: float) -> bool:
    """Returns whether none is left."""
    gives_up_at = time.monotonic() + seconds
    with transaction() as session:
        job_ids = session.scalars(
            select(Job.id).where(Job.sweep_id == deletion.job_id, Job.deleted_at.is_(None)).order_by(Job.id)
        ).all()
    is_done = True
    for job_id in job_ids:
        if time.monotonic() > gives_up_at:
            return False
        try:
            with transaction() as session:
                of_job = request_deletion(
                    session,
                    account_id=deletion.account_id,
                    job_id=job_id,
                    api_key_id=deletion.api_key_id,
                    request_id=deletion.request_id,
                )
        except JobNotFound:
            # Its time was over in between.
            continue
        except (JobInUse, JobNotFinished):
            is_done = False
            continue
        carry_out_deletion(of_job.id, job_id=job_id, bucket=bucket)
    return is_done


def _complete(session: Session, deletion_id: UUID) -> Deletion:
    deletion = session.scalars(select(Deletion).where(Deletion.id == deletion_id).with_for_update()).one()
    if deletion.completed_at is not None:
        return deletion
    sweep = session.get(Sweep, deletion.job_id, with_for_update=True)
    if sweep is not None:
        session.execute(
            update(Artifact)
            .where(Artifact.id == sweep.sheet_id, Artifact.object_deleted_at.is_(None))
            .values(object_deleted_at=func.now())
        )
        remove_sweeps(session, [sweep.id])
    deletion.completed_at = now = session.execute(select(func.now())).scalar_one()
    deletion.objects = [described | {"deleted_at": now.isoformat()} for described in deletion.objects]
    session.flush()
    return deletion
