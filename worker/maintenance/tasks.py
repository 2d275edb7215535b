"""The doors of the periodic work."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import APPLY_RETENTION, DELETE_ORPHANS, SWEEP
from worker.maintenance.apply_retention import apply_retention as apply
from worker.maintenance.delete_orphans import delete_orphans as delete
from worker.maintenance.sweep import sweep as sweep_once


@shared_task(name=SWEEP)
def sweep() -> None:
    """Take back lost jobs, and ring for work that nobody was told of."""
    sweep_once()


@shared_task(name=DELETE_ORPHANS)
def delete_orphans() -> None:
    """Remove what abandoned attempts left in the bucket."""
    delete()


@shared_task(name=APPLY_RETENTION)
def apply_retention() -> None:
    """Delete what has expired."""
    apply()
