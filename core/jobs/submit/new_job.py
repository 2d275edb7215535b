"""A job on its way into the queue: plain values, since most submits need nothing of SQLAlchemy's but a connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from core.catalog import Catalog
from core.ids import new_id
from core.jobs.origins.origin import JobOrigin
from core.jobs.priority import PRIORITIES
from core.jobs.request.render_request import RenderRequest
from core.jobs.status import JobStatus
from core.jobs.styles.rendered_prompts import KeptPrompts
from core.jobs.styles.resolve_styled import resolve_styled
from core.jobs.styles.style import Style
from core.jobs.submit.repeated_calls import Call
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
    #: The try of a call that its client repeats without such a key; None: it does not.
    call: Call | None = None
    #: In whose words the webhook of the request is written; None: in ours.
    webhook_shape: str | None = None
    #: The job that this one is made from; None: it is sent by itself.
    origin: JobOrigin | None = None
    catalog: Catalog
    settings: Settings
    #: The style that the request names, once it is known; or what it came to in an earlier job, which is made again.
    style: Style | KeptPrompts | None = None
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
    style: str | None
    rendered_prompts: dict[str, str] | None
    seed: int
    metadata: dict[str, str]
    warnings: list[str]
    steps: int
    cost: float
    pool: str
    priority: int
    max_attempts: int
    retention_seconds: int | None
    store: bool | None
    request_id: str
    origin: dict[str, Any] | None
    #: Seconds from now by which it must have started, and have ended; None: no deadline.
    start_deadline_seconds: int | None
    deadline_seconds: int | None


@dataclass
class QueuedJob(NewJob):
    """A job whose row was just written: what was written into it, and what the database made of the rest."""

    created_at: datetime
    start_deadline_at: datetime | None
    deadline_at: datetime | None
    #: Queued jobs before this one, counted up to 1,000; and whether its account has paused its jobs.
    jobs_before: int
    account_is_paused: bool

    status: ClassVar[str] = JobStatus.QUEUED
    attempts_used: ClassVar[int] = 0
    started_at: ClassVar[datetime | None] = None
    finished_at: ClassVar[datetime | None] = None
    expires_at: ClassVar[datetime | None] = None
    cancel_requested_at: ClassVar[datetime | None] = None
    failure_code: ClassVar[str | None] = None
    failure_message: ClassVar[str | None] = None
    receipt: ClassVar[dict[str, Any] | None] = None
    prompt_report: ClassVar[dict[str, Any] | None] = None
    filtered_images: ClassVar[list[dict[str, Any]] | None] = None
    resume_step: ClassVar[int | None] = None
    earlier_ms: ClassVar[int | None] = None
    sweep_id: ClassVar[UUID | None] = None
    sweep_cell: ClassVar[dict[str, Any] | None] = None

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
    if request.style is not None and submission.style is None:
        raise AssertionError("`choose_style` comes first: without it the prompt would be rendered as it was sent")
    styled = resolve_styled(
        request,
        submission.style,
        catalog=submission.catalog,
        default_model=settings.default_model,
        input_sizes=input_sizes,
    )
    resolved = styled.resolved
    return NewJob(
        id=submission.job_id,
        account_id=submission.account_id,
        task=resolved.task,
        model=resolved.model,
        model_revision=resolved.model_revision,
        request=resolved.parameters,
        style=None if submission.style is None else submission.style.name,
        rendered_prompts=styled.rendered_prompts,
        seed=resolved.seed,
        metadata=request.metadata,
        warnings=resolved.warnings,
        steps=resolved.steps,
        cost=resolved.cost,
        pool=resolved.pool,
        priority=PRIORITIES[request.priority],
        max_attempts=settings.max_attempts,
        retention_seconds=_choose_retention(request, settings),
        store=None if request.store else False,
        request_id=submission.request_id,
        origin=None
        if submission.origin is None
        else submission.origin.describe(model_revision=resolved.model_revision),
        start_deadline_seconds=request.start_deadline_seconds,
        deadline_seconds=request.deadline_seconds,
    )


def _choose_retention(request: RenderRequest, settings: Settings) -> int | None:
    """Seconds after the end for which the images are kept at most; None: as long as the account's policy says."""
    shortest = None if request.store else settings.unstored_job_seconds
    return min(filter(None, (request.retention_seconds, shortest)), default=None)
