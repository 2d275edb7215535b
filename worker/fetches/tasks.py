"""The Celery task of fetches."""

from __future__ import annotations

from celery import shared_task

from core.doorbell import FETCH_NEXT
from worker.fetches.fetch_pictures import fetch_next as fetch


@shared_task(name=FETCH_NEXT)
def fetch_next(**_: str) -> None:
    """Fetch the pictures of jobs that wait for them."""
    fetch()
