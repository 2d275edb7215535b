"""Build the views of jobs from their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.jobs.queue.queue_position import find_queue_positions
from core.jobs.request.input_images import list_input_artifacts
from core.jobs.status import JobStatus
from core.jobs.tables import Job, JobAttempt
from core.jobs.views.assemble_view import assemble_view
from core.jobs.views.job_view import JobView


def build_job_view(session: Session, job: Job) -> JobView:
    """Returns the view of one job, with fresh download addresses."""
    return build_job_views(session, [job])[0]


def build_job_views(session: Session, jobs: Sequence[Job], *, with_urls: bool = True) -> list[JobView]:
    """Returns the views of the jobs, in their order.

    Without URLs (as events are stored) the download addresses are null: they are signed when they are sent.
    """
    attempts = _current_attempts(session, jobs)
    outputs = _outputs(session, jobs)
    inputs = list_input_artifacts(session, {job.id: job.request for job in jobs})
    positions = find_queue_positions(session, jobs)
    return [
        assemble_view(
            job,
            attempts.get(job.id),
            inputs[job.id],
            outputs[job.id],
            position=positions.get(job.id),
            with_urls=with_urls,
        )
        for job in jobs
    ]


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
