"""The Celery task of the ends of sweeps."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import END_SWEEPS
from worker.sheets.end_sweeps import end_sweeps as end


@shared_task(name=END_SWEEPS)
def end_sweeps(**_: str) -> None:
    """End the sweeps whose jobs have all ended."""
    end()
