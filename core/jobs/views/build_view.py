"""Build the views of jobs from their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact, ArtifactKind
from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.queue.priority import HELD, name_priority
from core.jobs.queue.queue_position import find_queue_positions
from core.jobs.request.denoising_steps import count_denoising_steps
from core.jobs.request.input_images import list_input_artifacts
from core.jobs.status import JobStatus
from core.jobs.tables import Job, JobAttempt
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


def build_job_view(session: Session, job: Job) -> JobView:
    """The view of one job, with fresh download addresses."""
    return build_job_views(session, [job])[0]


def build_job_views(session: Session, jobs: Sequence[Job], *, with_urls: bool = True) -> list[JobView]:
    """The views of the jobs, in their order.

    Without URLs (as events are stored) the download addresses are null: they are signed when they are sent.
    """
    attempts = _current_attempts(session, jobs)
    outputs = _outputs(session, jobs)
    inputs = list_input_artifacts(session, {job.id: job.request for job in jobs})
    positions = find_queue_positions(session, jobs)
    return [
        _assemble(
            job,
            attempts.get(job.id),
            inputs[job.id],
            outputs[job.id],
            position=positions.get(job.id),
            with_urls=with_urls,
        )
        for job in jobs
    ]


def build_ended_view(session: Session, job: Job, attempt: JobAttempt, outputs: Sequence[Artifact]) -> JobView:
    """The view of a job that has just ended, without URLs, from what is about to be written."""
    inputs = list_input_artifacts(session, {job.id: job.request})[job.id]
    return _assemble(job, attempt, inputs, outputs, position=None, with_urls=False)


def build_input_views(inputs: Mapping[str, Artifact], *, with_urls: bool) -> list[InputView]:
    """The views of the images that a job starts from, by its request's fields."""
    return [_input(field, artifact, with_url=with_urls) for field, artifact in inputs.items()]


def build_urls(job_id: UUID) -> UrlsView:
    """Where the job is read and cancelled."""
    address = f"{get_settings().public_url}/v1/jobs/{format_id('job', job_id)}"
    return UrlsView(self=address, cancel=f"{address}/cancel")


def _assemble(
    job: Job,
    attempt: JobAttempt | None,
    inputs: Mapping[str, Artifact],
    outputs: Sequence[Artifact],
    *,
    position: int | None,
    with_urls: bool,
) -> JobView:
    return JobView(
        id=format_id("job", job.id),
        status=JobStatus(job.status),
        model=job.model,
        task=job.task,
        request=job.request,
        priority=name_priority(job.priority),
        progress=_progress(job, attempt),
        queue=QueueView(position=position, eta_seconds=None, reason=_waiting_reason(job)),
        inputs=build_input_views(inputs, with_urls=with_urls),
        outputs=[_output(output, with_url=with_urls) for output in outputs],
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
        urls=build_urls(job.id),
    )


def _current_attempts(session: Session, jobs: Sequence[Job]) -> dict[UUID, JobAttempt]:
    ids = [job.current_attempt_id for job in jobs if job.current_attempt_id is not None]
    if not ids:
        return {}
    return {attempt.job_id: attempt for attempt in session.scalars(select(JobAttempt).where(JobAttempt.id.in_(ids)))}


def _outputs(session: Session, jobs: Sequence[Job]) -> defaultdict[UUID, list[Artifact]]:
    outputs: defaultdict[UUID, list[Artifact]] = defaultdict(list)
    ids = [job.id for job in jobs if job.status == JobStatus.SUCCEEDED]
    if ids:
        rows = select(Artifact).where(Artifact.job_id.in_(ids), Artifact.kind == ArtifactKind.OUTPUT)
        for artifact in session.scalars(rows.order_by(Artifact.job_id, Artifact.position)):
            outputs[artifact.job_id].append(artifact)
    return outputs


def _progress(job: Job, attempt: JobAttempt | None) -> ProgressView:
    if attempt is None:
        return ProgressView(fraction=0.0, step=0, steps=count_denoising_steps(job.request))
    # Some schedulers take a step more than they were asked for.
    step = min(attempt.step, attempt.steps)
    return ProgressView(fraction=round(step / attempt.steps, 4), step=step, steps=attempt.steps)


def _waiting_reason(job: Job) -> WaitingReason | None:
    if job.status != JobStatus.QUEUED:
        return None
    if job.available_at > datetime.now(UTC):
        return "retrying"
    return "account_limit" if job.priority >= HELD else "waiting_for_worker"


def _input(field: str, artifact: Artifact, *, with_url: bool) -> InputView:
    url, expires_at = _sign(artifact) if with_url else (None, None)
    return InputView(
        id=format_id("art", artifact.id),
        field=field,
        url=url,
        url_expires_at=expires_at,
        media_type=artifact.media_type,
        width=artifact.width,
        height=artifact.height,
        byte_size=artifact.byte_size,
        sha256=artifact.sha256,
        deleted_at=artifact.deleted_at,
    )


def _output(artifact: Artifact, *, with_url: bool) -> OutputView:
    url, expires_at = _sign(artifact) if with_url else (None, None)
    return OutputView(
        id=format_id("art", artifact.id),
        url=url,
        url_expires_at=expires_at,
        media_type=artifact.media_type,
        width=artifact.width,
        height=artifact.height,
        byte_size=artifact.byte_size,
        sha256=artifact.sha256,
        deleted_at=artifact.deleted_at,
        seed=artifact.seed,
    )


def _sign(artifact: Artifact) -> tuple[str | None, datetime | None]:
    return sign_download(artifact.storage_key) if artifact.deleted_at is None else (None, None)


def _failure(job: Job) -> FailureView | None:
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


def _timings(job: Job, attempt: JobAttempt | None) -> TimingsView | None:
    if attempt is None or attempt.render_ms is None or attempt.upload_ms is None:
        return None
    return TimingsView(
        queue_ms=round((attempt.started_at - job.created_at).total_seconds() * 1000),
        render_ms=attempt.render_ms,
        upload_ms=attempt.upload_ms,
    )


def _prompt_tokens(job: Job) -> list[PromptTokensView] | None:
    if job.status != JobStatus.SUCCEEDED or job.receipt is None or "prompts" not in job.receipt:
        return None
    return [PromptTokensView(**item) for item in job.receipt["prompts"]]
