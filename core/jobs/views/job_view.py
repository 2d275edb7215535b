"""The shape of a job as every read, list, event and webhook shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from core.jobs.failures import FailureCode, Fault
from core.jobs.origins.replay_view import OriginView, ReplayView
from core.jobs.priority import PriorityName
from core.jobs.status import JobStatus
from core.jobs.views.queue_view import QueueView
from core.jobs.views.view import View
from core.prompts.prompt_report import PromptReport

_GONE = "Since when the image is not there any more, with `url` null; null: it is there."


class ProgressView(View):
    """Denoising steps that are done: in the current attempt, which resumes where an earlier one was stopped; of a job that is
    queued again, those that its next attempt need not do again.
    """

    fraction: float = Field(ge=0, le=1)
    step: int
    steps: int


class InputView(View):
    """An image that the job starts from: one that came with its request, or an output of an earlier job."""

    id: str = Field(examples=["art_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    field: str = Field(
        description="Of the request; `image.2` is the third picture of a list.", examples=["image", "image.2"]
    )
    url: str | None
    url_expires_at: datetime | None
    media_type: str
    width: int = Field(description="Pixels, upright.")
    height: int
    byte_size: int
    sha256: str
    deleted_at: datetime | None = Field(description=_GONE)


class OutputView(View):
    """One image. Its address works until `url_expires_at` or the job's `expires_at`, whichever is first; reading the job
    again gives a fresh one.

    An image that the model's content filter withheld has `content_filtered` true and its seed; there is no file of it, so
    everything else is null. It keeps its place among the outputs.
    """

    id: str | None = Field(examples=["art_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    url: str | None
    url_expires_at: datetime | None
    media_type: str | None
    width: int | None
    height: int | None
    byte_size: int | None
    sha256: str | None
    deleted_at: datetime | None = Field(
        description="Since when the image is not there any more, with `url` null; null: it is there, or was withheld."
    )
    seed: int | None
    content_filtered: bool = Field(description="Whether the model's content filter withheld the image.")


class FailureView(View):
    """Why a failed job failed, whose fault it was, and whether sending it again may help."""

    code: FailureCode
    message: str
    fault: Fault
    retryable: bool
    charged: bool


class TimingsView(View):
    """Milliseconds of a job that has started and ended, over all its attempts."""

    queue_ms: int = Field(description="That it waited in the queue, before its first attempt and between attempts.")
    render_ms: int = Field(
        description="That it was rendered. Of attempts that were interrupted or failed: all the time that a worker had it."
    )
    upload_ms: int | None = Field(description="That its images took to be stored; null: none were.")


class PromptTokensView(View):
    """How much of one prompt one of the model's text encoders read. Its own tokens: markers and templates not counted."""

    field: str = Field(examples=["prompt"])
    tokenizer: str = Field(examples=["tokenizer"])
    tokens: int = Field(description="How many the prompt has.")
    read: int = Field(description="How many of them were read; the rest had no effect, and a warning shows it.")
    chunks: int = Field(description="In how many pieces the encoder got them: a long prompt in several, where it can.")


class AppliedStyleView(View):
    """The style of a job, and the prompts as it was rendered with them: `request` has those that were sent."""

    name: str = Field(examples=["packshot-on-white"])
    rendered_prompt: str | None = Field(
        description="Null: it is forgotten, as the prompt is.", examples=["a large red mug on a white background"]
    )
    rendered_negative_prompt: str | None = Field(
        description="Null: the model takes none, or it is forgotten.", examples=["props, hands, text, watermark"]
    )


class SweepCellView(View):
    """The sweep that a job belongs to, and the job's values on the sweep's axes."""

    id: str = Field(examples=["sweep_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    cell: dict[str, Any] = Field(description="`prompt`, `style`, `seed` and the parameters, as far as they are axes.")


class UrlsView(View):
    """Where to read, to cancel and to follow the job."""

    self: str
    cancel: str
    events: str


class JobView(View):
    """A job."""

    id: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    status: JobStatus
    model: str
    task: str
    request: dict[str, Any] = Field(description="Every parameter, with the defaults filled in.")
    style: AppliedStyleView | None = Field(
        description="Its style; null: it has none, and its prompts are rendered as they were sent."
    )
    priority: PriorityName
    progress: ProgressView
    queue: QueueView
    inputs: list[InputView]
    outputs: list[OutputView]
    failure: FailureView | None
    attempts: int = Field(description="Attempts used so far.")
    timings: TimingsView | None
    stopped_at_step: int | None = Field(
        description="Of a cancelled job that had started: the denoising steps that were done when it stopped."
    )
    prompt_tokens: list[PromptTokensView] | None = Field(description="Of a succeeded job: what the model read.")
    prompt_report: PromptReport | None = Field(
        description="Of a succeeded job: what its prompts (as they were rendered, with its style) name, how each text encoder read "
        "them, and advice. Null before that, for "
        "a job with `store` false, and in lists, events and webhooks, which leave it out (`fields=prompt_report` lists it)."
    )
    derived_from: OriginView | None = Field(
        description="The job that this one was made from, by `retry`, `replay` or `vary`; null: it was sent by itself."
    )
    replay: ReplayView | None = Field(
        description="Of a replay: what of the environment differs from the receipt, and in the end whether the images are equal."
    )
    metadata: dict[str, str]
    sweep: SweepCellView | None = Field(description="Of a job of a sweep.")
    warnings: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None = Field(description="A running job stops at its next step after this.")
    start_deadline_at: datetime | None = Field(
        description="It fails (`start_deadline_exceeded`) if it has not started by then; null: it waits."
    )
    deadline_at: datetime | None = Field(
        description="It fails (`deadline_exceeded`) if it has not ended by then; null: it may take as long as it takes."
    )
    expires_at: datetime | None = Field(
        description="When the images of the job, its inputs among them, are deleted (unless a job that has not ended starts "
        "from one); null: not ended yet, or they are kept."
    )
    urls: UrlsView
