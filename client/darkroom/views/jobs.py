"""A job, and the two ends of it that leave no picture."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from darkroom.errors import DarkroomError
from darkroom.views.again import Origin, Replay
from darkroom.views.job_parts import (
    AppliedStyle,
    Failure,
    Input,
    JobUrls,
    Output,
    Progress,
    PromptTokens,
    QueuePlace,
    SweepCell,
    Timings,
)
from darkroom.views.prompts import PromptReport
from darkroom.views.view import View

#: Where a job can end.
FINISHED = frozenset({"succeeded", "failed", "cancelled"})


class Job(View):
    """A job: what was asked for, where it stands, and its images."""

    id: str
    #: `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    status: str
    model: str
    task: str
    #: Every parameter, with the defaults filled in.
    request: dict[str, Any]
    #: Its style; null: it has none, and its prompts are rendered as they were sent.
    style: AppliedStyle | None = None
    priority: str
    progress: Progress
    queue: QueuePlace
    inputs: list[Input]
    outputs: list[Output]
    failure: Failure | None = None
    #: Attempts used so far.
    attempts: int
    timings: Timings | None = None
    #: Of a cancelled job that had started: the denoising steps that were done when it stopped.
    stopped_at_step: int | None = None
    #: Of a succeeded job: what the model read.
    prompt_tokens: list[PromptTokens] | None = None
    #: Of a succeeded job: what its prompts (as they were rendered, with its style) name, how each text encoder read
    #: them, and advice. Null before that, for a job with `store` false, and in lists, events and webhooks, which leave
    #: it out (`fields=prompt_report` lists it).
    prompt_report: PromptReport | None = None
    #: The job that this one was made from, by `retry`, `replay` or `vary`; null: it was sent by itself.
    derived_from: Origin | None = None
    #: Of a replay: what of the environment differs from the receipt, and in the end whether the images are equal.
    replay: Replay | None = None
    metadata: dict[str, str]
    #: Of a job of a sweep.
    sweep: SweepCell | None = None
    warnings: list[str]
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    #: A running job stops at its next step after this.
    cancel_requested_at: datetime | None = None
    #: It fails (`start_deadline_exceeded`) if it has not started by then; null: it waits.
    start_deadline_at: datetime | None = None
    #: It fails (`deadline_exceeded`) if it has not ended by then; null: it may take as long as it takes.
    deadline_at: datetime | None = None
    #: When the images of the job, its inputs among them, are deleted (unless a job that has not ended starts from
    #: one); null: not ended yet, or they are kept.
    expires_at: datetime | None = None
    urls: JobUrls

    @property
    def is_finished(self) -> bool:
        """Whether the job has reached an end, good or bad."""
        return self.status in FINISHED

    def raise_for_status(self) -> None:
        """Raise JobFailed or JobCancelled if the job has ended so."""
        if self.status == "failed":
            raise JobFailed(self)
        if self.status == "cancelled":
            raise JobCancelled(self)


class DryRun(View):
    """What the job would be. Nothing was queued or written."""

    #: Always true.
    dry_run: bool = True
    model: str
    task: str
    #: Every parameter, with the defaults filled in. Without a seed, if the request has none: each job has its own.
    request: dict[str, Any]
    #: The prompts as they would be rendered; null: as they are in `request`.
    style: AppliedStyle | None = None
    priority: str
    #: Denoising steps that it would take.
    steps: int
    #: Megapixel-steps: pixels x steps x images / 1e6. What usage counts.
    cost: float
    #: Where it would stand now.
    queue: QueuePlace
    warnings: list[str]
    metadata: dict[str, str]


class CancelledJobs(View):
    """What became of the jobs of this call."""

    #: Ids of jobs that waited: they are cancelled.
    cancelled: list[str]
    #: Ids of jobs that ran: they stop at their next step.
    stopping: list[str]
    #: Whether the filter wants more jobs: send the same again.
    has_more: bool


class JobFailed(DarkroomError):
    """The job has failed: `code`, `message`, `fault`, `retryable` and `charged` are those of its failure, `job` is all of it."""

    def __init__(self, job: Job) -> None:
        failure = job.failure or Failure(
            code="internal", message="no reason is known", fault="platform", retryable=True, charged=False
        )
        super().__init__(f"{job.id} failed: {failure.message} ({failure.code})")
        self.job = job
        self.code = failure.code
        self.message = failure.message
        self.fault = failure.fault
        self.retryable = failure.retryable
        self.charged = failure.charged


class JobCancelled(DarkroomError):
    """The job was cancelled; `job` is all of it."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"{job.id} was cancelled")
        self.job = job
