"""Whether the bucket holds what the database says: no image missing or changed, and nothing without an owner."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from core.artifacts.keys import CHECKPOINTS_PREFIX, FILES_PREFIX, INPUTS_PREFIX
from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import seconds_from_now
from core.jobs.audit.invariants import Violation
from core.jobs.tables import Job

_PREFIXES = ("artifacts/", INPUTS_PREFIX, FILES_PREFIX, CHECKPOINTS_PREFIX)

#: Seconds that reading the bucket takes at most.
_READING_SECONDS = 3600.0


def read_digests(session: Session) -> dict[str, str | None]:
    """The sha256 of every artifact that is in the bucket, by its storage key; None for one that expires about now, and
    so may be there or not.
    """
    soon = seconds_from_now(_READING_SECONDS)
    job_may_be_gone = or_(Job.expired_at.is_not(None), Job.expires_at < soon)
    of_jobs = (
        select(Artifact.storage_key, case((job_may_be_gone, None), else_=Artifact.sha256))
        .join(Job, Job.id == Artifact.job_id)
        .where(Job.objects_deleted_at.is_(None))
    )
    file_may_be_gone = or_(Artifact.deleted_at.is_not(None), Artifact.expires_at < soon)
    of_files = select(Artifact.storage_key, case((file_may_be_gone, None), else_=Artifact.sha256)).where(
        Artifact.kind == ArtifactKind.FILE, Artifact.object_deleted_at.is_(None)
    )
    return dict(session.execute(of_jobs.union_all(of_files)).all())


def list_object_violations(
    digests: Mapping[str, str | None], *, orphan_grace_seconds: float, checkpoints: Collection[str] = ()
) -> list[Violation]:
    """Compare every artifact with its object's bytes, and every object older than the grace with the artifacts and with
    the checkpoints of unfinished jobs (which may be gone: a job that finds none starts over).

    Reads the whole bucket, outside any transaction. Raises StorageUnavailable.
    """
    stored = {key: written_at for prefix in _PREFIXES for key, written_at in bucket().list_objects(prefix)}
    oldest = datetime.now(UTC) - timedelta(seconds=orphan_grace_seconds)
    kept = {key for key, digest in digests.items() if digest is not None}
    return [
        *(Violation("every image lies in the bucket", key) for key in kept - stored.keys()),
        *(
            Violation("every image has the bytes that were rendered or sent", key)
            for key in kept & stored.keys()
            if hashlib.sha256(bucket().get(key)).hexdigest() != digests[key]
        ),
        *(
            Violation("no object without an owner outlives the grace", key)
            for key in stored.keys() - digests.keys() - set(checkpoints)
            if stored[key] < oldest
        ),
    ]
