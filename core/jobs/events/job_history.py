"""The events of a job that its rows show: when it was queued, started, retried and finished, and the step that it has come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from core.database import fetch_all
from core.jobs.events.event import EventType, JobEvent
from core.jobs.status import FINISHED, JobStatus
from core.live_events.message import Progress
from core.live_events.numbers import number_in_attempt, number_of

# The latest attempts: a job that is interrupted again and again has many.
_READ = """
SELECT
    job.id AS job_id, job.account_id, job.status, job.model, job.task, job.created_at, job.finished_at, job.current_attempt_id,
    attempt.id AS attempt_id, attempt.attempt_number, attempt.status AS attempt_status, attempt.started_at,
    attempt.finished_at AS attempt_finished_at, attempt.heartbeat_at, attempt.step, attempt.steps, attempt.failure_code,
    attempt.failure_message
FROM jobs AS job LEFT JOIN LATERAL (
    SELECT * FROM job_attempts WHERE job_attempts.job_id = job.id ORDER BY attempt_number DESC LIMIT 100
) AS attempt ON true
WHERE job.id = ANY(%(job_ids)s) AND job.deleted_at IS NULL
ORDER BY job.id, attempt.attempt_number
"""


class _Row(NamedTuple):
    job_id: UUID
    account_id: UUID
    status: str
    model: str
    task: str
    created_at: datetime
    finished_at: datetime | None
    current_attempt_id: UUID | None
    attempt_id: UUID | None
    attempt_number: int | None
    attempt_status: str | None
    started_at: datetime | None
    attempt_finished_at: datetime | None
    heartbeat_at: datetime | None
    step: int | None
    steps: int | None
    failure_code: str | None
    failure_message: str | None


@dataclass(frozen=True)
class AttemptSpan:
    """When an attempt held its job, in numbers of events."""

    attempt_number: int
    first: int
    #: None: it still runs.
    last: int | None
    #: The step that its last heartbeat wrote, and how many there are.
    step: int
    steps: int
    step_number: int


@dataclass(frozen=True)
class JobHistory:
    """What the rows of one job show at one moment."""

    job_id: UUID
    account_id: UUID
    status: JobStatus
    #: In order, with numbers that grow. The one of the end has no details: it is the job as it is read, by what sends it.
    events: list[JobEvent]
    attempts: list[AttemptSpan]

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def last_number(self) -> int:
        """Of the last event that the rows show."""
        return self.events[-1].number

    @property
    def running(self) -> AttemptSpan | None:
        """The attempt that runs now."""
        return self.attempts[-1] if self.attempts and self.status == JobStatus.RUNNING else None

    def owns(self, progress: Progress) -> bool:
        """Whether the attempt held the job at that moment. A worker that lost it may report something all the same."""
        for span in self.attempts:
            if span.attempt_number == progress.attempt_number:
                return span.first < progress.number and (span.last is None or progress.number < span.last)
        return False


def read_histories(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, JobHistory]:
    """The histories of the jobs that are there, in one statement."""
    rows = fetch_all(connection, _READ, {"job_ids": list(job_ids)}, into=_Row)
    return {job_id: _build(list(of_job)) for job_id, of_job in groupby(rows, key=lambda row: row.job_id)}


def _build(rows: list[_Row]) -> JobHistory:
    job = rows[0]
    events: list[JobEvent] = []
    for moment, type_, details in _list_events(job, rows):
        # Rows of one moment, and a database whose clock was set back, still give numbers that grow.
        number = max(number_of(moment), events[-1].number + 1 if events else 0)
        events.append(JobEvent(job.job_id, number, type_, details))
    return JobHistory(job.job_id, job.account_id, JobStatus(job.status), events, _list_spans(rows))


def _list_events(job: _Row, rows: list[_Row]) -> Iterator[tuple[datetime, EventType, dict[str, Any]]]:
    yield job.created_at, "queued", {"model": job.model, "task": job.task}
    for row in rows:
        if row.started_at is None:
            continue
        yield row.started_at, "started", {"attempt": row.attempt_number, "steps": row.steps}
        # The attempt that ended the job is no retry.
        if row.attempt_finished_at is not None and row.attempt_id != job.current_attempt_id:
            yield row.attempt_finished_at, "retrying", _describe_retry(row)
    if job.finished_at is not None:
        yield job.finished_at, "finished", {"status": job.status}


def _describe_retry(row: _Row) -> dict[str, Any]:
    return {
        "attempt": row.attempt_number,
        "reason": row.attempt_status,
        "failure": None if row.failure_code is None else {"code": row.failure_code, "message": row.failure_message},
    }


def _list_spans(rows: list[_Row]) -> list[AttemptSpan]:
    return [
        AttemptSpan(
            attempt_number=row.attempt_number,
            first=number_of(row.started_at),
            last=None if row.attempt_finished_at is None else number_of(row.attempt_finished_at),
            step=row.step or 0,
            steps=row.steps or 0,
            step_number=number_in_attempt(row.started_at, (row.heartbeat_at - row.started_at).total_seconds()),
        )
        for row in rows
        if row.attempt_number is not None and row.started_at is not None and row.heartbeat_at is not None
    ]
