"""The Celery task that a ring starts; the story is in deliver.py."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import DELIVER_NEXT
from worker.webhooks.deliver import deliver_next as deliver


@shared_task(name=DELIVER_NEXT)
def deliver_next(**_: str) -> None:
    """Deliver whatever is due."""
    deliver()
