"""The view of a job that has just been queued: what a read would show a moment later."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.artifacts.tables import Artifact
from core.jobs.submit.new_job import QueuedJob
from core.jobs.views.assemble_view import assemble_view
from core.jobs.views.job_view import JobView


def build_new_job_view(job: QueuedJob, *, inputs: Mapping[str, Artifact] = MappingProxyType({})) -> JobView:
    """Returns the view, with fresh download addresses of the `inputs`: the images that the job starts from, by their fields."""
    return assemble_view(job, None, inputs, outputs=[], position=job.jobs_before, with_urls=True)
