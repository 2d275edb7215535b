"""The Celery tasks of the periodic work."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import APPLY_RETENTION, DELETE_ORPHANS, SWEEP
from worker.maintenance.apply_retention import apply_retention as apply
from worker.maintenance.delete_orphans import delete_orphans as delete
from worker.maintenance.sweep import sweep as sweep_once


@shared_task(name=SWEEP)
def sweep() -> None:
    """Rescue lost jobs, and ring again for work whose ring was lost."""
    sweep_once()


@shared_task(name=DELETE_ORPHANS)
def delete_orphans() -> None:
    """Delete from the bucket what no row owns."""
    delete()


@shared_task(name=APPLY_RETENTION)
def apply_retention() -> None:
    """Delete what has expired."""
    apply()
