"""A job on its way into the queue: plain values, since most submits need nothing of SQLAlchemy's but a connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from core.catalog import Catalog
from core.ids import new_id
from core.jobs.priority import PRIORITIES
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import resolve_request
from core.jobs.status import JobStatus
from core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request for a job: what was sent, by whom, and what it is resolved with."""

    request: RenderRequest
    account_id: UUID
    #: The public part of the API key, whose secret was checked a moment ago; None: it came without one, as from a test.
    api_key_id: str | None = None
    request_id: str
    idempotency_key: str | None = None
    catalog: Catalog
    settings: Settings
    #: The id that a new job gets.
    job_id: UUID = field(default_factory=new_id)


@dataclass
class NewJob:
    """What is written into a new job's row. The names are the columns', which `tables.py` explains."""

    id: UUID
    account_id: UUID
    task: str
    model: str
    model_revision: str
    request: dict[str, Any]
    seed: int
    metadata: dict[str, str]
    warnings: list[str]
    steps: int
    cost: float
    pool: str
    priority: int
    max_attempts: int
    retention_seconds: int | None
    request_id: str
    #: Seconds from now by which it must have started, and have ended; None: no deadline.
    start_deadline_seconds: int | None
    deadline_seconds: int | None


@dataclass
class QueuedJob(NewJob):
    """A job whose row was just written: what was written into it, and what the database made of the rest."""

    created_at: datetime
    start_deadline_at: datetime | None
    deadline_at: datetime | None
    #: Queued jobs before this one, counted up to 1,000.
    jobs_before: int

    status: ClassVar[str] = JobStatus.QUEUED
    attempts_used: ClassVar[int] = 0
    started_at: ClassVar[datetime | None] = None
    finished_at: ClassVar[datetime | None] = None
    expires_at: ClassVar[datetime | None] = None
    cancel_requested_at: ClassVar[datetime | None] = None
    failure_code: ClassVar[str | None] = None
    failure_message: ClassVar[str | None] = None
    receipt: ClassVar[dict[str, Any] | None] = None
    filtered_images: ClassVar[list[dict[str, Any]] | None] = None

    @property
    def metadata_(self) -> dict[str, str]:
        return self.metadata

    @property
    def available_at(self) -> datetime:
        return self.created_at


def build_new_job(submission: Submission, *, input_sizes: dict[str, tuple[int, int]]) -> NewJob:
    """Resolves the request into a row, every default fixed. `input_sizes`: width and height (pixels) of the first picture
    in each image field. Raises InvalidRequest with the field.
    """
    request, settings = submission.request, submission.settings
    resolved = resolve_request(
        request, catalog=submission.catalog, default_model=settings.default_model, input_sizes=input_sizes
    )
    return NewJob(
        id=submission.job_id,
        account_id=submission.account_id,
        task=resolved.task,
        model=resolved.model,
        model_revision=resolved.model_revision,
        request=resolved.parameters,
        seed=resolved.seed,
        metadata=request.metadata,
        warnings=resolved.warnings,
        steps=resolved.steps,
        cost=resolved.cost,
        pool=resolved.pool,
        priority=PRIORITIES[request.priority],
        max_attempts=settings.max_attempts,
        retention_seconds=request.retention_seconds,
        request_id=submission.request_id,
        start_deadline_seconds=request.start_deadline_seconds,
        deadline_seconds=request.deadline_seconds,
    )
