"""Figures of jobs, as other systems have them."""

from __future__ import annotations

from datetime import datetime

from core.jobs.views.job_view import JobView


def measure_cost(job: JobView) -> float:
    """Megapixel-steps, as usage counts them."""
    pixels: int = job.request["width"] * job.request["height"] * job.request["num_images"]
    return round(pixels * job.progress.steps / 1e6, 6)


def to_seconds(moment: datetime) -> int:
    """Of Unix's time."""
    return int(moment.timestamp())
