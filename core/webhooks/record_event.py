"""Write down an event and one delivery for every endpoint that wants it, inside the caller's transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent


def record_event(
    session: Session, *, account_id: UUID, job_id: UUID, request_id: str, type_: str, data: dict[str, Any]
) -> None:
    """The event and its deliveries exist exactly when the caller's transaction commits: the rows are the outbox."""
    event = WebhookEvent(account_id=account_id, job_id=job_id, request_id=request_id, type=type_, data=data)
    session.add(event)
    session.flush()
    endpoint_ids = session.scalars(
        select(WebhookEndpoint.id)
        .where(
            WebhookEndpoint.account_id == account_id,
            WebhookEndpoint.deleted_at.is_(None),
            WebhookEndpoint.disabled_at.is_(None),
        )
        # Deleting an endpoint waits for us, and then cancels the deliveries that we add here as well.
        .with_for_update(read=True)
    )
    session.add_all(
        WebhookDelivery(account_id=account_id, event_id=event.id, endpoint_id=endpoint_id)
        for endpoint_id in endpoint_ids
    )
    session.flush()
