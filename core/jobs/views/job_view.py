"""The shape of a job as every read, list, event and webhook shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.jobs.failures import FailureCode, Fault
from core.jobs.priority import PriorityName
from core.jobs.status import JobStatus

WaitingReason = Literal["waiting_for_worker", "retrying", "account_limit"]

_GONE = "Since when the image is not there any more, with `url` null; null: it is there."


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ProgressView(_View):
    """Denoising steps done in the current attempt."""

    fraction: float = Field(ge=0, le=1)
    step: int
    steps: int


class QueueView(_View):
    """Where a queued job stands."""

    position: int | None = Field(description="Queued jobs before this one, counted up to 1,000.")
    eta_seconds: float | None = Field(description="Not estimated yet: null.")
    reason: WaitingReason | None = Field(
        description="`retrying`: it waits for its next attempt; `account_limit`: the account runs as many jobs as it may."
    )


class InputView(_View):
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


class OutputView(_View):
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


class FailureView(_View):
    """Why a failed job failed, whose fault it was, and whether sending it again may help."""

    code: FailureCode
    message: str
    fault: Fault
    retryable: bool
    charged: bool


class TimingsView(_View):
    """Milliseconds that a succeeded job waited for its last attempt, was rendered, and was stored."""

    queue_ms: int
    render_ms: int
    upload_ms: int


class PromptTokensView(_View):
    """How much of one prompt one of the model's text encoders read. Its own tokens: markers and templates not counted."""

    field: str = Field(examples=["prompt"])
    tokenizer: str = Field(examples=["tokenizer"])
    tokens: int = Field(description="How many the prompt has.")
    read: int = Field(description="How many of them were read; the rest had no effect, and a warning shows it.")
    chunks: int = Field(description="In how many pieces the encoder got them: a long prompt in several, where it can.")


class UrlsView(_View):
    """Where to read and to cancel the job."""

    self: str
    cancel: str


class JobView(_View):
    """A job."""

    id: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    status: JobStatus
    model: str
    task: str
    request: dict[str, Any] = Field(description="Every parameter, with the defaults filled in.")
    priority: PriorityName
    progress: ProgressView
    queue: QueueView
    inputs: list[InputView]
    outputs: list[OutputView]
    failure: FailureView | None
    attempts: int = Field(description="Attempts used so far.")
    timings: TimingsView | None
    prompt_tokens: list[PromptTokensView] | None = Field(description="Of a succeeded job: what the model read.")
    metadata: dict[str, str]
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
