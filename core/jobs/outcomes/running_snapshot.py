"""A running job and its attempt as they are, read without a lock: what a success is made from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Uuid, any_, bindparam, func, select
from sqlalchemy.orm import aliased

from core.accounts.tables import Account
from core.database import CompiledQuery, fetch_all
from core.jobs.attempts.lease import holds_job
from core.jobs.queue.running_limit import has_held_jobs
from core.jobs.tables import Job, JobAttempt


@dataclass
class RunningSnapshot:
    """What was read. Nothing of it is written unless the attempt still runs then."""

    # Of the job's row; the names are the columns'
    id: UUID
    account_id: UUID
    request_id: str
    task: str
    model: str
    request: dict[str, Any]
    style: str | None
    rendered_prompts: dict[str, str] | None
    metadata_: dict[str, Any]
    warnings: list[str]
    cost: float
    priority: int
    attempts_used: int
    earlier_ms: int | None
    created_at: datetime
    started_at: datetime | None
    start_deadline_at: datetime | None
    deadline_at: datetime | None
    retention_seconds: int | None
    origin: dict[str, Any] | None
    sweep_id: UUID | None
    sweep_cell: dict[str, Any] | None

    # Of its attempt
    attempt_id: UUID
    attempt_started_at: datetime
    steps: int

    #: The database's clock.
    now: datetime
    #: Whether other jobs of the account are held by its limit.
    others_are_held: bool
    #: The account's own retention; None: what the settings say.
    artifact_seconds: int | None
    job_seconds: int | None


def read_running(connection: Connection, attempt_ids: Collection[UUID]) -> list[RunningSnapshot]:
    """Returns those of the attempts that hold their jobs, leased or not."""
    query = _build_query()
    parameters = query.parameters | {"attempt_ids": list(attempt_ids)}
    return fetch_all(connection, query.statement, parameters, into=RunningSnapshot)


@cache
def _build_query() -> CompiledQuery:
    job, attempt = aliased(Job, name="job"), aliased(JobAttempt, name="attempt")
    computed = {
        "attempt_id": attempt.id,
        "attempt_started_at": attempt.started_at,
        "steps": attempt.steps,
        "now": func.clock_timestamp(),
        "others_are_held": has_held_jobs(job.account_id),
        "artifact_seconds": Account.artifact_retention_seconds,
        "job_seconds": Account.job_retention_seconds,
    }
    columns: list[Any] = [
        (computed[field.name] if field.name in computed else getattr(job, field.name)).label(field.name)
        for field in fields(RunningSnapshot)
    ]
    return CompiledQuery.of(
        select(*columns)
        .select_from(attempt)
        .join(job, holds_job(job, attempt))
        .join(Account, Account.id == job.account_id)
        .where(attempt.id == any_(bindparam("attempt_ids", required=False, type_=ARRAY(Uuid))))
    )
