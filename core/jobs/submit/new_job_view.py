"""The view of a job that has just been queued: what a read would show a moment later."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.artifacts.tables import Artifact
from core.ids import format_id
from core.jobs.queue.priority import HELD, name_priority
from core.jobs.request.denoising_steps import count_denoising_steps
from core.jobs.status import JobStatus
from core.jobs.submit.new_job import QueuedJob
from core.jobs.views.build_view import build_input_views, build_urls
from core.jobs.views.job_view import JobView, ProgressView, QueueView


def build_new_job_view(queued: QueuedJob, *, inputs: Mapping[str, Artifact] = MappingProxyType({})) -> JobView:
    """The view, with fresh download addresses of the `inputs`: the images that the job starts from, by their fields."""
    job, place = queued.job, queued.place
    return JobView(
        id=format_id("job", job.id),
        status=JobStatus.QUEUED,
        model=job.model,
        task=job.task,
        request=job.request,
        priority=name_priority(job.priority),
        progress=ProgressView(fraction=0.0, step=0, steps=count_denoising_steps(job.request)),
        queue=QueueView(
            position=place.jobs_before,
            eta_seconds=None,
            reason="account_limit" if job.priority >= HELD else "waiting_for_worker",
        ),
        inputs=build_input_views(inputs, with_urls=True),
        outputs=[],
        failure=None,
        attempts=0,
        timings=None,
        prompt_tokens=None,
        metadata=job.metadata,
        warnings=job.warnings,
        created_at=place.created_at,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        start_deadline_at=place.start_deadline_at,
        deadline_at=place.deadline_at,
        expires_at=None,
        urls=build_urls(job.id),
    )
