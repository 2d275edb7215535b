"""Remove jobs with all that belongs to them: attempts, artifacts, webhook events and what became of these."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact
from core.jobs.tables import IdempotencyKey, InputFetch, Job, JobAttempt, JobSource
from core.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent


def remove_rows(session: Session, job_ids: Sequence[UUID]) -> None:
    """Remove all that belongs to the jobs but usage, receipts and idempotency keys. The caller has locked the jobs'
    rows.
    """
    # Otherwise PostgreSQL plans the check of every foreign key afresh for every row, which takes most of the time.
    session.execute(text("set local plan_cache_mode = auto"))
    events = select(WebhookEvent.id).where(WebhookEvent.job_id.in_(job_ids))
    deliveries = session.scalars(
        # Locked, so that a sender that records an answer now waits, and then finds no delivery.
        select(WebhookDelivery.id).where(WebhookDelivery.event_id.in_(events)).with_for_update()
    ).all()
    if deliveries:
        session.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(deliveries)))
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(deliveries)))
    for table in (WebhookEvent, Artifact, JobSource, InputFetch, JobAttempt, WebhookEndpoint):
        session.execute(delete(table).where(table.job_id.in_(job_ids)))
    # A client's own id is from now on as old as any key: a late retry does not draw the job again.
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.job_id.in_(job_ids), IdempotencyKey.key.like("id %"))
        .values(created_at=func.now())
    )
    session.execute(delete(Job).where(Job.id.in_(job_ids)))
