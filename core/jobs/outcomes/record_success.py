"""The success of attempts in two statements: look at what is to be written, and write all of it where it still may be.

What `end_job` does for the other ends, step by step: this one happens to nearly every job. Jobs that are drawn together end
together, so both statements take any number of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.database import fetch_all
from core.ids import new_id
from core.jobs.outcomes.rendered import Rendered
from core.jobs.queue.priority import HELD
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt
from core.jobs.views.build_view import build_ended_view
from core.settings import get_settings

# As they stand, locked by nobody: what is made of it is written only where the attempt still runs then.
_LOOK = f"""
SELECT
    job.id, job.account_id, job.task, job.model, job.request, job.metadata AS metadata_, job.warnings, job.cost,
    job.priority, job.attempts_used, job.current_attempt_id, job.created_at, job.started_at, job.start_deadline_at,
    job.deadline_at, job.retention_seconds, job.request_id,
    attempt.started_at AS attempt_started_at, attempt.steps,
    clock_timestamp() AS now,
    account.artifact_retention_seconds AS artifact_seconds, account.job_retention_seconds AS job_seconds,
    -- Not EXISTS: the order is what makes PostgreSQL look into the index.
    (
        SELECT held.id FROM jobs AS held
        WHERE held.account_id = job.account_id AND held.status = 'queued' AND held.priority >= {HELD}
        AND held.available_at <= now()
        ORDER BY held.priority, held.fair_position, held.id LIMIT 1
    ) IS NOT NULL AS others_are_held
FROM job_attempts AS attempt
JOIN jobs AS job ON job.id = attempt.job_id AND job.current_attempt_id = attempt.id
JOIN accounts AS account ON account.id = job.account_id
WHERE attempt.id = ANY(%(attempt_ids)s) AND attempt.status = 'running' AND job.status = 'running'
"""  # noqa: S608  (what stands in it is a number of ours, and in the statement so that its index can be used)

# The fence of `lock_leased`, the job first and the attempt second as everywhere. The clock is read when both are locked:
# waiting for them may have taken a while. Deleting an endpoint waits for the lock of `receivers`, and then cancels the
# deliveries that are added here as well.
_WRITE = """
WITH locked AS MATERIALIZED (
    SELECT attempt.id AS attempt_id, attempt.lease_expires_at, job.id, job.cancel_requested_at, job.deadline_at
    FROM job_attempts AS attempt
    JOIN jobs AS job ON job.id = attempt.job_id AND job.current_attempt_id = attempt.id
    WHERE attempt.id = ANY(%(attempt_ids)s) AND attempt.status = 'running' AND job.status = 'running'
    FOR UPDATE OF job, attempt {locking}
), fenced AS MATERIALIZED (
    SELECT locked.id AS job_id, success.*
    FROM locked JOIN jsonb_to_recordset(%(successes)s::jsonb) AS success (
        attempt_id uuid, account_id uuid, request_id text, model text, cost double precision, ended_at timestamptz,
        expires_at timestamptz, row_expires_at timestamptz, receipt jsonb, warnings jsonb, render_ms integer,
        upload_ms integer, image_count integer, images jsonb, event_id uuid, event text
    ) USING (attempt_id)
    WHERE lease_expires_at > clock_timestamp() AND cancel_requested_at IS NULL
    AND (deadline_at IS NULL OR deadline_at > clock_timestamp())
), ended AS (
    UPDATE jobs
    SET status = 'succeeded', finished_at = fenced.ended_at, receipt = fenced.receipt, warnings = fenced.warnings,
        expires_at = fenced.expires_at, row_expires_at = fenced.row_expires_at
    FROM fenced WHERE jobs.id = fenced.job_id
), attempt AS (
    UPDATE job_attempts
    SET status = 'succeeded', finished_at = fenced.ended_at, step = steps, render_ms = fenced.render_ms,
        upload_ms = fenced.upload_ms
    FROM fenced WHERE job_attempts.id = fenced.attempt_id
), images AS (
    INSERT INTO artifacts (
        id, account_id, job_id, attempt_id, kind, position, storage_key, media_type, byte_size, sha256, width, height,
        seed
    )
    SELECT
        image.id, account_id, job_id, attempt_id, 'output', position, storage_key, media_type, byte_size, sha256, width,
        height, seed
    FROM fenced, jsonb_to_recordset(fenced.images) AS image (
        id uuid, position integer, storage_key text, media_type text, byte_size bigint, sha256 text, width integer,
        height integer, seed bigint
    )
), usage AS (
    INSERT INTO usage_records (job_id, account_id, model, images, cost, render_seconds)
    SELECT job_id, account_id, model, image_count, cost, render_ms / 1000.0 FROM fenced
), event AS (
    INSERT INTO webhook_events (id, account_id, job_id, request_id, type, data)
    SELECT event_id, account_id, job_id, request_id, 'job.succeeded', event::json FROM fenced
), receivers AS (
    SELECT id, account_id FROM webhook_endpoints
    WHERE account_id = ANY(%(account_ids)s) AND deleted_at IS NULL AND disabled_at IS NULL
    FOR SHARE
), deliveries AS (
    INSERT INTO webhook_deliveries (id, account_id, event_id, endpoint_id)
    SELECT uuidv7(), account_id, event_id, receivers.id FROM fenced JOIN receivers USING (account_id)
)
SELECT attempt_id FROM fenced
"""


@dataclass(frozen=True)
class RunningSnapshot:
    """A running job and its attempt as they stand, locked by nobody. Their objects belong to no session."""

    job: Job
    attempt: JobAttempt
    #: The database's clock when they were looked at.
    now: datetime
    #: Whether other jobs of the account are held back by its limit.
    others_are_held: bool
    policy: RetentionPolicy


def read_running(connection: Connection, attempt_ids: Collection[UUID]) -> list[RunningSnapshot]:
    """Those of the attempts that run, with their jobs."""
    rows = fetch_all(connection, _LOOK, {"attempt_ids": list(attempt_ids)})
    return [_running(row._asdict()) for row in rows]


def _running(columns: dict[str, Any]) -> RunningSnapshot:
    now, others_are_held = columns.pop("now"), columns.pop("others_are_held")
    policy = RetentionPolicy.of(
        get_settings(), artifact_seconds=columns.pop("artifact_seconds"), job_seconds=columns.pop("job_seconds")
    )
    attempt = JobAttempt(
        id=columns["current_attempt_id"],
        job_id=columns["id"],
        steps=columns.pop("steps"),
        started_at=columns.pop("attempt_started_at"),
    )
    return RunningSnapshot(Job(status=JobStatus.RUNNING, **columns), attempt, now, others_are_held, policy)


def write_successes(
    connection: Connection, successes: Sequence[tuple[RunningSnapshot, Rendered]], *, is_patient: bool
) -> set[UUID]:
    """Of each job, attempt, artifacts, usage, and the event with its deliveries, in one statement that may be a
    transaction of its own. Tells which attempts that were: nothing was written of those that have lost their lease, whose
    jobs were cancelled or are out of time by now, or, without patience, whose rows somebody else holds.
    """
    rows = fetch_all(
        connection,
        _build_write(is_patient=is_patient),
        {
            "attempt_ids": [running.attempt.id for running, _ in successes],
            "account_ids": list({running.job.account_id for running, _ in successes}),
            "successes": json.dumps([_describe(connection, *success) for success in successes], default=str),
        },
    )
    return {row.attempt_id for row in rows}


@cache
def _build_write(*, is_patient: bool) -> str:
    return _WRITE.format(locking="" if is_patient else "SKIP LOCKED")


def _describe(connection: Connection, running: RunningSnapshot, rendered: Rendered) -> dict[str, Any]:
    """What is written of a success. The objects of `running` are made to say it, too."""
    job, attempt = running.job, running.attempt
    job.status = JobStatus.SUCCEEDED
    job.finished_at = running.now
    job.expires_at, job.row_expires_at = running.policy.build_expiries(running.now, asked=job.retention_seconds)
    job.receipt = rendered.receipt
    job.warnings = [*job.warnings, *rendered.warnings]
    attempt.status = AttemptStatus.SUCCEEDED
    attempt.step = attempt.steps
    attempt.render_ms = rendered.render_ms
    attempt.upload_ms = rendered.upload_ms
    images = [{"id": new_id(), **vars(image)} for image in rendered.images]
    outputs = [Artifact(kind=ArtifactKind.OUTPUT, **image) for image in images]
    # It asks for nothing but the images that a job starts from.
    with Session(connection) as session:
        view = build_ended_view(session, job, attempt, outputs)
    return {
        "attempt_id": attempt.id,
        "account_id": job.account_id,
        "request_id": job.request_id,
        "model": job.model,
        "cost": job.cost,
        "ended_at": job.finished_at,
        "expires_at": job.expires_at,
        "row_expires_at": job.row_expires_at,
        "receipt": job.receipt,
        "warnings": job.warnings,
        "render_ms": rendered.render_ms,
        "upload_ms": rendered.upload_ms,
        "image_count": len(images),
        "images": images,
        "event_id": new_id(),
        "event": view.model_dump_json(),
    }
