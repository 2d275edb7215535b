"""Delete a file for good, and leave a receipt.

The receipt is written first. If a crash interrupts the deletion, the sweep resumes it: every step can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.artifacts.keys import build_file_key
from core.artifacts.storage import Bucket
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import transaction
from core.errors import FileDeleted, FileInUse, FileNotFound
from core.fault_points import fault_point
from core.ids import format_id
from core.jobs.retention.deletion_receipts import find_job_deletion
from core.jobs.retention.tables import Deletion
from core.jobs.tables import Job, JobSource


def request_file_deletion(
    session: Session, *, account_id: UUID, file_id: UUID, api_key_id: str, request_id: str
) -> Deletion:
    """The pending receipt. From the commit on the file is shown to nobody; `carry_out_file_deletion` does the rest.

    A second request gets the receipt of the first. Raises FileNotFound, FileDeleted for one whose time was over, and
    FileInUse if an unfinished job starts from it.
    """
    # Waits for submits that are naming it; what those have written is seen by the next statement.
    file = session.scalars(
        select(Artifact)
        .where(Artifact.id == file_id, Artifact.account_id == account_id, Artifact.kind == ArtifactKind.FILE)
        .with_for_update()
    ).one_or_none()
    if file is None or file.deleted_at is not None:
        first = find_job_deletion(session, account_id=account_id, job_id=file_id)
        if first is not None:
            return first
        raise FileNotFound if file is None else FileDeleted
    users = find_users(session, [file_id])
    if file_id in users:
        raise FileInUse.by(format_id("job", users[file_id]))

    file.deleted_at = func.now()
    deletion = Deletion(
        account_id=account_id,
        job_id=file_id,
        subject="file",
        api_key_id=api_key_id,
        request_id=request_id,
        objects=[{"key": file.storage_key, "kind": "file", "sha256": file.sha256, "deleted_at": None}],
    )
    session.add(deletion)
    session.flush()
    return deletion


def carry_out_file_deletion(deletion_id: UUID, *, file_id: UUID, bucket: Bucket) -> Deletion:
    """Delete the file's object, and complete the receipt, which is returned. Raises StorageUnavailable."""
    fault_point("after_deletion_requested")
    bucket.delete(build_file_key(file_id))
    fault_point("after_objects_deleted")
    with transaction() as session:
        deletion = session.scalars(select(Deletion).where(Deletion.id == deletion_id).with_for_update()).one()
        if deletion.completed_at is None:
            session.execute(
                update(Artifact)
                .where(Artifact.id == file_id, Artifact.object_deleted_at.is_(None))
                .values(object_deleted_at=func.now())
            )
            deletion.completed_at = now = session.execute(select(func.now())).scalar_one()
            deletion.objects = [described | {"deleted_at": now.isoformat()} for described in deletion.objects]
            session.flush()
        return deletion


def find_users(session: Session, file_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """For each of the files from which an unfinished job starts, that job."""
    users = session.execute(
        select(JobSource.source_job_id, JobSource.job_id)
        .join(Job, Job.id == JobSource.job_id)
        .where(JobSource.source_job_id.in_(file_ids), Job.finished_at.is_(None))
    )
    return dict(users.all())
