"""Assemble the view of a job from values: the one place that says how a job is shown, whether its row is read, was just
written, or is about to be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from core.artifacts.storage import sign_download
from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.origins.replay_view import show_origin, show_replay
from core.jobs.priority import PRIORITY_NAMES
from core.jobs.status import JobStatus
from core.jobs.views.job_view import (
    AppliedStyleView,
    FailureView,
    InputView,
    JobView,
    OutputView,
    ProgressView,
    PromptTokensView,
    SweepCellView,
    TimingsView,
    UrlsView,
)
from core.jobs.views.queue_view import QueueView
from core.jobs.views.shown_job import ShownArtifact, ShownAttempt, ShownJob
from core.prompts.prompt_report import PromptReport
from core.settings import get_settings


def assemble_view(
    job: ShownJob,
    attempt: ShownAttempt | None,
    inputs: Mapping[str, ShownArtifact],
    outputs: Sequence[ShownArtifact],
    *,
    queue: Callable[[], QueueView],
    with_urls: bool,
    fields: Collection[str] = JobView.model_fields,
) -> JobView:
    """Returns the view of a job. `attempt` is its current one, `inputs` are the images it starts from, by their places, and
    `queue` returns where it stands. With fewer `fields` it has only these, and is not checked.

    Without URLs (as events are stored) the download addresses are null: they are signed when they are sent.
    """
    parts: dict[str, Callable[[], Any]] = {
        "id": lambda: format_id("job", job.id),
        "status": lambda: JobStatus(job.status),
        "model": lambda: job.model,
        "task": lambda: job.task,
        "request": lambda: job.request,
        "style": lambda: _style(job),
        "priority": lambda: PRIORITY_NAMES[job.priority],
        "progress": lambda: _progress(job, attempt),
        "queue": queue,
        "inputs": lambda: [_input(place, artifact, with_url=with_urls) for place, artifact in inputs.items()],
        "outputs": lambda: _outputs(job, outputs, with_urls=with_urls),
        "failure": lambda: _failure(job),
        "attempts": lambda: job.attempts_used,
        "timings": lambda: _timings(job, attempt),
        "stopped_at_step": lambda: _stopped_at_step(job, attempt),
        "prompt_tokens": lambda: _prompt_tokens(job),
        "prompt_report": lambda: None if job.prompt_report is None else PromptReport(**job.prompt_report),
        "derived_from": lambda: show_origin(job.origin),
        "replay": lambda: show_replay(job.origin, job.receipt),
        "metadata": lambda: job.metadata_,
        "sweep": lambda: _sweep_cell(job),
        "warnings": lambda: job.warnings,
        "created_at": lambda: job.created_at,
        "started_at": lambda: job.started_at,
        "finished_at": lambda: job.finished_at,
        "cancel_requested_at": lambda: job.cancel_requested_at,
        "start_deadline_at": lambda: job.start_deadline_at,
        "deadline_at": lambda: job.deadline_at,
        "expires_at": lambda: job.expires_at,
        "urls": lambda: _urls(job.id),
    }
    if len(fields) == len(parts):
        return JobView(**{name: build() for name, build in parts.items()})
    return JobView.model_construct(**{name: build() for name, build in parts.items() if name in fields})


def _style(job: ShownJob) -> AppliedStyleView | None:
    if job.style is None:
        return None
    prompts = job.rendered_prompts or {}
    return AppliedStyleView(
        name=job.style,
        rendered_prompt=prompts.get("prompt"),
        rendered_negative_prompt=prompts.get("negative_prompt"),
    )


def _progress(job: ShownJob, attempt: ShownAttempt | None) -> ProgressView:
    if attempt is None:
        steps = job.steps or job.request["num_inference_steps"]
        step = min(job.resume_step or 0, steps)
        return ProgressView(fraction=round(step / steps, 4), step=step, steps=steps)
    # Some schedulers take a step more than they were asked for.
    step = min(attempt.step, attempt.steps)
    return ProgressView(fraction=round(step / attempt.steps, 4), step=step, steps=attempt.steps)


def _input(place: str, artifact: ShownArtifact, *, with_url: bool) -> InputView:
    return InputView(field=place, **_image(artifact, with_url=with_url))


def _outputs(job: ShownJob, stored: Sequence[ShownArtifact], *, with_urls: bool) -> list[OutputView]:
    """Every image of the job at its position, those that were withheld as well."""
    by_position = {artifact.position: _output(artifact, with_url=with_urls) for artifact in stored}
    for image in job.filtered_images or ():
        by_position[image["position"]] = _filtered_output(image["seed"])
    return [by_position[position] for position in sorted(by_position)]


def _output(artifact: ShownArtifact, *, with_url: bool) -> OutputView:
    return OutputView(seed=artifact.seed, content_filtered=False, **_image(artifact, with_url=with_url))


def _filtered_output(seed: int) -> OutputView:
    of_a_file = OutputView.model_fields.keys() - {"seed", "content_filtered"}
    return OutputView(seed=seed, content_filtered=True, **dict.fromkeys(of_a_file))


def _image(artifact: ShownArtifact, *, with_url: bool) -> dict[str, Any]:
    """What the views of inputs and outputs have in common."""
    url, expires_at = _sign(artifact) if with_url else (None, None)
    return {
        "id": artifact.public_id,
        "url": url,
        "url_expires_at": expires_at,
        "media_type": artifact.media_type,
        "width": artifact.width,
        "height": artifact.height,
        "byte_size": artifact.byte_size,
        "sha256": artifact.sha256,
        "deleted_at": artifact.deleted_at,
    }


def _sign(artifact: ShownArtifact) -> tuple[str | None, datetime | None]:
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
    if job.finished_at is None or job.started_at is None:
        return None
    earlier_ms = job.earlier_ms or 0
    if attempt is None:  # cancelled or overdue while it was queued again
        return TimingsView(
            queue_ms=_count_ms(job.created_at, job.finished_at) - earlier_ms, render_ms=earlier_ms, upload_ms=None
        )
    last_ms = _count_ms(attempt.started_at, job.finished_at) if attempt.render_ms is None else attempt.render_ms
    return TimingsView(
        queue_ms=max(0, _count_ms(job.created_at, attempt.started_at) - earlier_ms),
        render_ms=earlier_ms + last_ms,
        upload_ms=attempt.upload_ms,
    )


def _count_ms(start: datetime, end: datetime) -> int:
    return round((end - start).total_seconds() * 1000)


def _stopped_at_step(job: ShownJob, attempt: ShownAttempt | None) -> int | None:
    if job.status != JobStatus.CANCELLED or job.started_at is None:
        return None
    return _progress(job, attempt).step


def _prompt_tokens(job: ShownJob) -> list[PromptTokensView] | None:
    if job.status != JobStatus.SUCCEEDED or job.receipt is None or "prompts" not in job.receipt:
        return None
    return [PromptTokensView(**item) for item in job.receipt["prompts"]]


def _sweep_cell(job: ShownJob) -> SweepCellView | None:
    return (
        None if job.sweep_id is None else SweepCellView(id=format_id("sweep", job.sweep_id), cell=job.sweep_cell or {})
    )


def _urls(job_id: UUID) -> UrlsView:
    address = f"{get_settings().public_url}/v1/jobs/{format_id('job', job_id)}"
    return UrlsView(self=address, cancel=f"{address}/cancel", events=f"{address}/events")
