"""Write successes in one statement, of jobs whose attempts still hold them: both ways of a success end here.

It does what `end_job` does for the other ends, for any number of jobs: jobs that are drawn together end together. The two
are twins; a test compares what they write.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, literal_column
from sqlalchemy.orm import Session, aliased

from core.accounts.usage import build_usage_cte
from core.artifacts.outputs import build_outputs_cte
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import compile_fragment, fetch_all
from core.ids import new_id
from core.jobs.attempts.lease import holds_job, is_leased
from core.jobs.outcomes.rendered import Rendered
from core.jobs.outcomes.running_snapshot import RunningSnapshot
from core.jobs.queue.time_left import has_time_left
from core.jobs.request.input_images import list_input_artifacts
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.status import JobStatus
from core.jobs.tables import Job, JobAttempt
from core.jobs.views.assemble_view import assemble_view
from core.jobs.views.queue_view import NOT_WAITING
from core.settings import get_settings
from core.webhooks.record_event import build_event_ctes

# The fence of `lock_leased`, the job first and the attempt second as everywhere. The clock is read when both are locked:
# waiting for them may have taken a while.
_WRITE = """
WITH locked AS MATERIALIZED (
    SELECT attempt.id AS attempt_id, attempt.lease_expires_at, job.id, job.cancel_requested_at, job.deadline_at
    FROM job_attempts AS attempt JOIN jobs AS job ON {holds_job}
    WHERE attempt.id = ANY(%(attempt_ids)s)
    FOR UPDATE OF job, attempt {skip_locked}
), fenced AS MATERIALIZED (
    SELECT locked.id AS job_id, 'job.succeeded' AS event_type, success.*
    FROM locked JOIN jsonb_to_recordset(%(successes)s::jsonb) AS success ({columns}) USING (attempt_id)
    WHERE {is_leased} AND cancel_requested_at IS NULL AND {has_time_left}
), ended AS (
    UPDATE jobs
    SET status = 'succeeded', finished_at = fenced.ended_at, receipt = fenced.receipt, warnings = fenced.warnings,
        filtered_images = fenced.filtered_images, expires_at = fenced.expires_at, row_expires_at = fenced.row_expires_at,
        prompt_report = CASE WHEN jobs.store IS FALSE THEN NULL ELSE fenced.prompt_report END
    FROM fenced WHERE jobs.id = fenced.job_id
), attempt AS (
    UPDATE job_attempts
    SET status = 'succeeded', finished_at = fenced.ended_at, step = steps, render_ms = fenced.render_ms,
        upload_ms = fenced.upload_ms
    FROM fenced WHERE job_attempts.id = fenced.attempt_id
), {outputs}, {usage}, {events}
SELECT attempt_id FROM fenced
"""

_SQL_TYPES = {
    "UUID": "uuid",
    "str": "text",
    "int": "integer",
    "float": "double precision",
    "datetime": "timestamptz",
    "datetime | None": "timestamptz",
    "dict[str, Any]": "jsonb",
    "dict[str, Any] | None": "jsonb",
    "list[Any]": "jsonb",
    "list[Any] | None": "jsonb",
}


@dataclass(frozen=True)
class _Record:
    """One success, as the statement takes it."""

    attempt_id: UUID
    account_id: UUID
    request_id: str
    model: str
    #: Of the images that are delivered.
    cost: float
    ended_at: datetime
    expires_at: datetime | None
    row_expires_at: datetime | None
    receipt: dict[str, Any]
    warnings: list[Any]
    filtered_images: list[Any] | None
    prompt_report: dict[str, Any] | None
    render_ms: int
    upload_ms: int
    #: From the job's acceptance to its first start.
    wait_seconds: float
    image_count: int
    images: list[Any]
    event_id: UUID
    #: The job's view, as JSON.
    event: str


class _Written(NamedTuple):
    attempt_id: UUID


def write_successes(
    connection: Connection,
    successes: Sequence[tuple[RunningSnapshot, Rendered]],
    *,
    locked_rows: Literal["wait", "skip"],
) -> set[UUID]:
    """Writes job, attempt, artifacts, usage, event and deliveries of each success in one statement, and returns the attempts
    written. Leaves out those that lost their lease, were cancelled or are out of time by now, and, if they are to be
    skipped, those whose rows another transaction has locked.
    """
    records = [_build_record(connection, *success) for success in successes]
    written = fetch_all(
        connection,
        _build_statement(locked_rows),
        {
            "attempt_ids": [record.attempt_id for record in records],
            "account_ids": list({record.account_id for record in records}),
            "successes": json.dumps([vars(record) for record in records], default=str),
        },
        into=_Written,
    )
    return {row.attempt_id for row in written}


@cache
def _build_statement(locked_rows: Literal["wait", "skip"]) -> str:
    job, attempt = aliased(Job, name="job"), aliased(JobAttempt, name="attempt")
    return _WRITE.format(
        holds_job=compile_fragment(holds_job(job, attempt)),
        skip_locked={"wait": "", "skip": "SKIP LOCKED"}[locked_rows],
        columns=", ".join(f"{field.name} {_SQL_TYPES[str(field.type)]}" for field in fields(_Record)),
        is_leased=compile_fragment(is_leased(literal_column("locked.lease_expires_at"))),
        has_time_left=f"({compile_fragment(has_time_left(literal_column('locked.deadline_at')))})",
        outputs=build_outputs_cte("fenced"),
        usage=build_usage_cte("fenced"),
        events=build_event_ctes("fenced"),
    )


@dataclass
class _SucceededJob(RunningSnapshot):
    """The job as it is once the success is written."""

    finished_at: datetime
    expires_at: datetime | None
    receipt: dict[str, Any]
    filtered_images: list[dict[str, Any]] | None

    status: ClassVar[str] = JobStatus.SUCCEEDED
    cancel_requested_at: ClassVar[datetime | None] = None
    failure_code: ClassVar[str | None] = None
    failure_message: ClassVar[str | None] = None
    #: An event does without it: whoever wants it reads the job.
    prompt_report: ClassVar[dict[str, Any] | None] = None
    resume_step: ClassVar[int | None] = None


class _SucceededAttempt(NamedTuple):
    step: int
    steps: int
    started_at: datetime
    render_ms: int
    upload_ms: int


def _build_record(connection: Connection, running: RunningSnapshot, rendered: Rendered) -> _Record:
    policy = RetentionPolicy.of(
        get_settings(), artifact_seconds=running.artifact_seconds, job_seconds=running.job_seconds
    )
    expires_at, row_expires_at = policy.build_expiries(running.now, asked=running.retention_seconds)
    ended = {
        "finished_at": running.now,
        "expires_at": expires_at,
        "receipt": rendered.receipt,
        "warnings": [*running.warnings, *rendered.warnings],
        "filtered_images": [vars(image) for image in rendered.filtered_images] or None,
    }
    job = _SucceededJob(**vars(running) | ended)
    images = [{"id": new_id(), **vars(image)} for image in rendered.images]
    return _Record(
        attempt_id=running.attempt_id,
        account_id=job.account_id,
        request_id=job.request_id,
        model=job.model,
        cost=job.cost * rendered.share_delivered,
        ended_at=job.finished_at,
        expires_at=expires_at,
        row_expires_at=row_expires_at,
        receipt=job.receipt,
        warnings=job.warnings,
        filtered_images=job.filtered_images,
        prompt_report=rendered.prompt_report,
        render_ms=rendered.render_ms,
        upload_ms=rendered.upload_ms,
        wait_seconds=_count_wait(job),
        image_count=len(images),
        images=images,
        event_id=new_id(),
        event=_build_event(connection, job, rendered, images),
    )


def _count_wait(job: _SucceededJob) -> float:
    started_at = job.started_at or job.created_at
    return max(0.0, (started_at - job.created_at).total_seconds())


def _build_event(connection: Connection, job: _SucceededJob, rendered: Rendered, images: list[dict[str, Any]]) -> str:
    attempt = _SucceededAttempt(job.steps, job.steps, job.attempt_started_at, rendered.render_ms, rendered.upload_ms)
    outputs = [Artifact(kind=ArtifactKind.OUTPUT, **image) for image in images]
    inputs: dict[str, Artifact] = {}
    if any(field in job.request for field in IMAGE_FIELDS):
        with Session(connection) as session:
            inputs = list_input_artifacts(session, {job.id: job.request})[job.id]
    return assemble_view(job, attempt, inputs, outputs, queue=lambda: NOT_WAITING, with_urls=False).model_dump_json()
