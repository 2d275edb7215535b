"""Remove the events of jobs or sweeps that are removed themselves, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent


def remove_events(session: Session, of: InstrumentedAttribute[UUID | None], ids: Sequence[UUID]) -> None:
    """Removes the events whose column `of` (`WebhookEvent.job_id` or `.sweep_id`) is one of the ids, their deliveries and attempts, and
    the endpoints that were called for these ids alone.
    """
    deliveries = session.scalars(
        # Locked, so that a sender that records an answer now waits, and then finds no delivery.
        select(WebhookDelivery.id)
        .where(WebhookDelivery.event_id.in_(select(WebhookEvent.id).where(of.in_(ids))))
        .with_for_update()
    ).all()
    if deliveries:
        session.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(deliveries)))
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(deliveries)))
    session.execute(delete(WebhookEvent).where(of.in_(ids)))
    session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.job_id.in_(ids)))
