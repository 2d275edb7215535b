"""The parts of a job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from darkroom.views.view import View


class AppliedStyle(View):
    """The style of a job, and the prompts as it was rendered with them: `request` has those that were sent."""

    name: str
    #: Null: it is forgotten, as the prompt is.
    rendered_prompt: str | None = None
    #: Null: the model takes none, or it is forgotten.
    rendered_negative_prompt: str | None = None


class Progress(View):
    """Denoising steps that are done in the current attempt, which resumes where an earlier one was stopped."""

    fraction: float
    step: int
    steps: int


class Eta(View):
    """Seconds until the job ends, its rendering included."""

    #: Half of such jobs end sooner.
    p50: float
    #: Nine of ten such jobs end sooner.
    p90: float


class QueuePlace(View):
    """Where an unfinished job stands."""

    #: Of a queued job: the queued jobs before it, counted up to 1,000.
    position: int | None = None
    #: Seconds until the job ends, from what such jobs took lately and what is before it. Null: it has ended, it is
    #: paused or held, or nothing was measured yet.
    eta_seconds: Eta | None = None
    #: What it waits for. `waiting_for_worker`: its turn; `no_capable_worker`: a worker that serves its model, and none
    #: is there; `loading_model`: its model; `fetching_pictures`: what its request names by address; `retrying`: its
    #: next attempt; `account_limit`: the account runs as many jobs as it may; `paused`: its account or an operator has
    #: paused it.
    reason: str | None = None
    #: The reason as a sentence, with what would change it.
    message: str | None = None


class Input(View):
    """An image that the job starts from: one that came with its request, or an output of an earlier job."""

    id: str
    #: Of the request; `image.2` is the third picture of a list.
    field: str
    url: str | None = None
    url_expires_at: datetime | None = None
    media_type: str
    #: Pixels, upright.
    width: int
    height: int
    byte_size: int
    sha256: str
    #: Since when the image is not there any more, with `url` null; null: it is there.
    deleted_at: datetime | None = None


class Output(View):
    """One image. Its address works until `url_expires_at`; reading the job again gives a fresh one."""

    id: str | None = None
    url: str | None = None
    url_expires_at: datetime | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    byte_size: int | None = None
    sha256: str | None = None
    #: Since when the image is not there any more, with `url` null; null: it is there, or was withheld.
    deleted_at: datetime | None = None
    seed: int | None = None
    #: Whether the model's content filter withheld the image.
    content_filtered: bool


class Failure(View):
    """Why a failed job failed, whose fault it was, and whether sending it again may help."""

    code: str
    message: str
    fault: str
    retryable: bool
    charged: bool


class Timings(View):
    """Milliseconds of a job that has started and ended, over all its attempts."""

    #: That it waited in the queue, before its first attempt and between attempts.
    queue_ms: int
    #: That it was rendered. Of attempts that were interrupted or failed: all the time that a worker had it.
    render_ms: int
    #: That its images took to be stored; null: none were.
    upload_ms: int | None = None


class PromptTokens(View):
    """How much of one prompt one of the model's text encoders read. Its own tokens: markers and templates not counted."""

    field: str
    tokenizer: str
    #: How many the prompt has.
    tokens: int
    #: How many of them were read; the rest had no effect, and a warning shows it.
    read: int
    #: In how many pieces the encoder got them: a long prompt in several, where it can.
    chunks: int


class SweepCell(View):
    """The sweep that a job belongs to, and the job's values on the sweep's axes."""

    id: str
    #: `prompt`, `style`, `seed` and the parameters, as far as they are axes.
    cell: dict[str, Any]


class JobUrls(View):
    """Where to read, to cancel and to follow the job."""

    self: str
    cancel: str
    events: str
