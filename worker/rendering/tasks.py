"""The Celery task that a ring starts; the story is in run_job.py."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import RENDER_NEXT
from worker.rendering.run_job import run_next_job
from worker.rendering.runtime import get_runtime


@shared_task(name=RENDER_NEXT)
def render_next(**_: str) -> None:
    """Render until nothing is left, whichever job the ring was for.

    A busy worker does not wait for the next ring, so a single ring is enough after many were lost.
    """
    runtime = get_runtime()
    while run_next_job(runtime):
        continue
