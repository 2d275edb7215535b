"""The success of an attempt in two statements: lock what it may write, and write all of it.

What `end_job` does for the other ends, step by step: this one happens to nearly every job.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.errors import LeaseLost
from core.ids import new_id
from core.jobs.build_view import build_ended_view
from core.jobs.priority import HELD
from core.jobs.retention import RetentionPolicy
from core.jobs.running_limit import let_next_through
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt
from core.settings import get_settings

if TYPE_CHECKING:
    from core.jobs.finish import Rendered

# The fence of `lock_leased`, the job first and the attempt second as everywhere. The clock is read, and the lease looked
# at, when both are locked: waiting for them may have taken a while.
_LOCK = text("""
WITH locked AS MATERIALIZED (
    SELECT
        job.id, job.account_id, job.task, job.model, job.request, job.metadata AS metadata_, job.warnings, job.cost,
        job.priority, job.attempts_used, job.current_attempt_id, job.cancel_requested_at, job.created_at,
        job.started_at, job.start_deadline_at, job.deadline_at, job.retention_seconds, job.request_id,
        attempt.started_at AS attempt_started_at, attempt.steps, attempt.lease_expires_at
    FROM job_attempts AS attempt
    JOIN jobs AS job ON job.id = attempt.job_id AND job.current_attempt_id = attempt.id
    WHERE attempt.id = :attempt_id AND attempt.status = 'running' AND job.status = 'running'
    FOR UPDATE OF job, attempt
)
SELECT
    locked.*,
    clock_timestamp() AS now,
    (SELECT artifact_retention_seconds FROM accounts WHERE id = locked.account_id) AS artifact_seconds,
    (SELECT job_retention_seconds FROM accounts WHERE id = locked.account_id) AS job_seconds,
    -- Not EXISTS: the order is what makes PostgreSQL look into the index.
    (
        SELECT held.id FROM jobs AS held
        WHERE held.account_id = locked.account_id AND held.status = 'queued' AND held.priority >= :held
        AND held.available_at <= now()
        ORDER BY held.priority, held.fair_position, held.id LIMIT 1
    ) IS NOT NULL AS others_are_held
FROM locked WHERE lease_expires_at > clock_timestamp()
""")

# Deleting an endpoint waits for the lock of `receivers`, and then cancels the deliveries that are added here as well.
_WRITE = text("""
WITH ended AS (
    UPDATE jobs
    SET status = 'succeeded', finished_at = :now, receipt = cast(:receipt AS jsonb), warnings = cast(:warnings AS jsonb),
        expires_at = :expires_at, row_expires_at = :row_expires_at
    WHERE id = :job_id
), attempt AS (
    UPDATE job_attempts
    SET status = 'succeeded', finished_at = :now, step = steps, render_ms = :render_ms, upload_ms = :upload_ms
    WHERE id = :attempt_id
), images AS (
    INSERT INTO artifacts (
        id, account_id, job_id, attempt_id, kind, position, storage_key, media_type, byte_size, sha256, width, height,
        seed
    )
    SELECT
        id, :account_id, :job_id, :attempt_id, 'output', position, storage_key, media_type, byte_size, sha256, width,
        height, seed
    FROM jsonb_to_recordset(cast(:images AS jsonb)) AS image (
        id uuid, position integer, storage_key text, media_type text, byte_size bigint, sha256 text, width integer,
        height integer, seed bigint
    )
), usage AS (
    INSERT INTO usage_records (job_id, account_id, model, images, cost, render_seconds)
    VALUES (:job_id, :account_id, :model, :image_count, :cost, :render_ms / 1000.0)
), event AS (
    INSERT INTO webhook_events (id, account_id, job_id, request_id, type, data)
    VALUES (:event_id, :account_id, :job_id, :request_id, 'job.succeeded', cast(:data AS json))
), receivers AS (
    SELECT id FROM webhook_endpoints
    WHERE account_id = :account_id AND deleted_at IS NULL AND disabled_at IS NULL
    FOR SHARE
)
INSERT INTO webhook_deliveries (id, account_id, event_id, endpoint_id)
SELECT uuidv7(), :account_id, :event_id, id FROM receivers
""")


@dataclass(frozen=True)
class Leased:
    """A running job and its attempt, locked. Their objects belong to no session."""

    job: Job
    attempt: JobAttempt
    #: The database's clock when both were locked.
    now: datetime
    #: Whether other jobs of the account are held back by its limit.
    others_are_held: bool
    policy: RetentionPolicy

    @property
    def may_succeed(self) -> bool:
        """Whether the job was neither cancelled nor is its time over."""
        job = self.job
        return job.cancel_requested_at is None and (job.deadline_at is None or job.deadline_at > self.now)


def lock_for_success(session: Session, *, attempt_id: UUID) -> Leased:
    """The attempt and its job, as `lock_leased` locks them. Raises LeaseLost."""
    row = session.connection().execute(_LOCK, {"attempt_id": attempt_id, "held": HELD}).one_or_none()
    if row is None:
        raise LeaseLost
    columns = row._asdict()
    now, others_are_held = columns.pop("now"), columns.pop("others_are_held")
    policy = RetentionPolicy.of(
        get_settings(), artifact_seconds=columns.pop("artifact_seconds"), job_seconds=columns.pop("job_seconds")
    )
    attempt = JobAttempt(
        id=attempt_id,
        job_id=row.id,
        steps=columns.pop("steps"),
        started_at=columns.pop("attempt_started_at"),
        lease_expires_at=columns.pop("lease_expires_at"),
    )
    return Leased(Job(status=JobStatus.RUNNING, **columns), attempt, now, others_are_held, policy)


def write_success(session: Session, leased: Leased, rendered: Rendered) -> None:
    """Job, attempt, artifacts, usage, and the event with its deliveries. Where the account runs as many jobs as it may,
    the next one can be claimed.
    """
    job, attempt = leased.job, leased.attempt
    job.status = JobStatus.SUCCEEDED
    job.finished_at = leased.now
    job.expires_at, job.row_expires_at = leased.policy.build_expiries(leased.now, asked=job.retention_seconds)
    job.receipt = rendered.receipt
    job.warnings = [*job.warnings, *rendered.warnings]
    attempt.status = AttemptStatus.SUCCEEDED
    attempt.step = attempt.steps
    attempt.render_ms = rendered.render_ms
    attempt.upload_ms = rendered.upload_ms
    images = [{"id": new_id(), **asdict(image)} for image in rendered.images]
    session.connection().execute(
        _WRITE,
        {
            "now": leased.now,
            "expires_at": job.expires_at,
            "row_expires_at": job.row_expires_at,
            "job_id": job.id,
            "attempt_id": attempt.id,
            "account_id": job.account_id,
            "request_id": job.request_id,
            "receipt": json.dumps(job.receipt),
            "warnings": json.dumps(job.warnings),
            "render_ms": rendered.render_ms,
            "upload_ms": rendered.upload_ms,
            "images": json.dumps(images, default=str),
            "image_count": len(images),
            "model": job.model,
            "cost": job.cost,
            "event_id": new_id(),
            "data": build_ended_view(session, job, attempt, _artifacts(images)).model_dump_json(),
        },
    )
    if leased.others_are_held and job.priority < HELD:
        let_next_through(session, account_id=job.account_id)


def _artifacts(images: Sequence[dict[str, Any]]) -> list[Artifact]:
    return [Artifact(kind=ArtifactKind.OUTPUT, **image) for image in images]
