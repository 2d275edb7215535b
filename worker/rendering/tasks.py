"""The door through which a ring comes in; the story is in run_job.py."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import RENDER_NEXT
from worker.rendering.run_job import run_next_job
from worker.rendering.runtime import get_runtime


@shared_task(name=RENDER_NEXT)
def render_next(**_: str) -> None:
    """Somebody rang: render until nothing is left. Whose ring it was does not matter.

    A busy worker does not wait for the next ring, so one ring that gets through after many were lost is enough.
    """
    runtime = get_runtime()
    while run_next_job(runtime):
        continue
