"""Assemble the view of a job from values: the one place that says how a job is shown, whether its row is read, was just
written, or is about to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact
from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.priority import HELD, PRIORITY_NAMES
from core.jobs.status import JobStatus
from core.jobs.views.job_view import (
    FailureView,
    InputView,
    JobView,
    OutputView,
    ProgressView,
    PromptTokensView,
    QueueView,
    TimingsView,
    UrlsView,
    WaitingReason,
)
from core.settings import get_settings


class ShownJob(Protocol):
    """What a view shows of a job's row: `Job` has it, and so have the plain values of a job that was just written or is
    about to be. The names are the columns', which `tables.py` explains.
    """

    @property
    def id(self) -> UUID: ...
    @property
    def status(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def request(self) -> dict[str, Any]: ...
    @property
    def steps(self) -> int | None: ...
    @property
    def metadata_(self) -> dict[str, Any]: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def priority(self) -> int: ...
    @property
    def available_at(self) -> datetime: ...
    @property
    def start_deadline_at(self) -> datetime | None: ...
    @property
    def deadline_at(self) -> datetime | None: ...
    @property
    def attempts_used(self) -> int: ...
    @property
    def cancel_requested_at(self) -> datetime | None: ...
    @property
    def failure_code(self) -> str | None: ...
    @property
    def failure_message(self) -> str | None: ...
    @property
    def receipt(self) -> dict[str, Any] | None: ...
    @property
    def filtered_images(self) -> list[dict[str, Any]] | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def finished_at(self) -> datetime | None: ...
    @property
    def expires_at(self) -> datetime | None: ...


class ShownAttempt(Protocol):
    """What a view shows of the job's current attempt."""

    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def render_ms(self) -> int | None: ...
    @property
    def upload_ms(self) -> int | None: ...


def assemble_view(
    job: ShownJob,
    attempt: ShownAttempt | None,
    inputs: Mapping[str, Artifact],
    outputs: Sequence[Artifact],
    *,
    position: int | None,
    with_urls: bool,
) -> JobView:
    """Returns the view of a job. `attempt` is its current one, `inputs` are the images it starts from, by their places, and
    `position` is the number of jobs before it, if it is queued.

    Without URLs (as events are stored) the download addresses are null: they are signed when they are sent.
    """
    return JobView(
        id=format_id("job", job.id),
        status=JobStatus(job.status),
        model=job.model,
        task=job.task,
        request=job.request,
        priority=PRIORITY_NAMES[job.priority],
        progress=_progress(job, attempt),
        queue=QueueView(position=position, eta_seconds=None, reason=_waiting_reason(job)),
        inputs=[_input(place, artifact, with_url=with_urls) for place, artifact in inputs.items()],
        outputs=_outputs(job, outputs, with_urls=with_urls),
        failure=_failure(job),
        attempts=job.attempts_used,
        timings=_timings(job, attempt),
        prompt_tokens=_prompt_tokens(job),
        metadata=job.metadata_,
        warnings=job.warnings,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        cancel_requested_at=job.cancel_requested_at,
        start_deadline_at=job.start_deadline_at,
        deadline_at=job.deadline_at,
        expires_at=job.expires_at,
        urls=_urls(job.id),
    )


def _progress(job: ShownJob, attempt: ShownAttempt | None) -> ProgressView:
    if attempt is None:
        return ProgressView(fraction=0.0, step=0, steps=job.steps or job.request["num_inference_steps"])
    # Some schedulers take a step more than they were asked for.
    step = min(attempt.step, attempt.steps)
    return ProgressView(fraction=round(step / attempt.steps, 4), step=step, steps=attempt.steps)


def _waiting_reason(job: ShownJob) -> WaitingReason | None:
    if job.status != JobStatus.QUEUED:
        return None
    # A job that has not been tried yet waits for nothing but a worker, whatever this machine's clock says.
    if job.attempts_used > 0 and job.available_at > datetime.now(UTC):
        return "retrying"
    return "account_limit" if job.priority >= HELD else "waiting_for_worker"


def _input(place: str, artifact: Artifact, *, with_url: bool) -> InputView:
    return InputView(field=place, **_image(artifact, with_url=with_url))


def _outputs(job: ShownJob, stored: Sequence[Artifact], *, with_urls: bool) -> list[OutputView]:
    """Every image of the job at its position, those that were withheld as well."""
    by_position = {artifact.position: _output(artifact, with_url=with_urls) for artifact in stored}
    for image in job.filtered_images or ():
        by_position[image["position"]] = _filtered_output(image["seed"])
    return [by_position[position] for position in sorted(by_position)]


def _output(artifact: Artifact, *, with_url: bool) -> OutputView:
    return OutputView(seed=artifact.seed, content_filtered=False, **_image(artifact, with_url=with_url))


def _filtered_output(seed: int) -> OutputView:
    of_a_file = OutputView.model_fields.keys() - {"seed", "content_filtered"}
    return OutputView(seed=seed, content_filtered=True, **dict.fromkeys(of_a_file))


def _image(artifact: Artifact, *, with_url: bool) -> dict[str, Any]:
    """What the views of inputs and outputs have in common."""
    url, expires_at = _sign(artifact) if with_url else (None, None)
    return {
        "id": format_id("art", artifact.id),
        "url": url,
        "url_expires_at": expires_at,
        "media_type": artifact.media_type,
        "width": artifact.width,
        "height": artifact.height,
        "byte_size": artifact.byte_size,
        "sha256": artifact.sha256,
        "deleted_at": artifact.deleted_at,
    }


def _sign(artifact: Artifact) -> tuple[str | None, datetime | None]:
    return sign_download(artifact.storage_key) if artifact.deleted_at is None else (None, None)


def _failure(job: ShownJob) -> FailureView | None:
    if job.failure_code is None:
        return None
    failure = Failure(FailureCode(job.failure_code), job.failure_message or "")
    return FailureView(
        code=failure.code,
        message=failure.message,
        fault=failure.traits.fault,
        retryable=failure.traits.retryable,
        charged=False,  # only successful jobs are counted as usage
    )


def _timings(job: ShownJob, attempt: ShownAttempt | None) -> TimingsView | None:
    if attempt is None or attempt.render_ms is None or attempt.upload_ms is None:
        return None
    return TimingsView(
        queue_ms=round((attempt.started_at - job.created_at).total_seconds() * 1000),
        render_ms=attempt.render_ms,
        upload_ms=attempt.upload_ms,
    )


def _prompt_tokens(job: ShownJob) -> list[PromptTokensView] | None:
    if job.status != JobStatus.SUCCEEDED or job.receipt is None or "prompts" not in job.receipt:
        return None
    return [PromptTokensView(**item) for item in job.receipt["prompts"]]


def _urls(job_id: UUID) -> UrlsView:
    address = f"{get_settings().public_url}/v1/jobs/{format_id('job', job_id)}"
    return UrlsView(self=address, cancel=f"{address}/cancel")
