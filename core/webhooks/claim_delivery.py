"""Take the next due delivery, for as long as one try may last."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.webhooks.tables import DeliveryStatus, WebhookDelivery, WebhookEndpoint, WebhookEvent

#: Seconds between the deadline of a try and the moment when another sender may take the delivery.
_MARGIN_SECONDS = 15


@dataclass(frozen=True)
class ClaimedDelivery:
    """All that one try needs, so that no transaction stays open around the POST."""

    id: UUID
    account_id: UUID
    #: From 1; fences what is recorded of this try.
    attempt_number: int
    endpoint_id: UUID
    url: str
    #: Whose words the body is written in; None: ours.
    shape: str | None
    secret: str
    event_id: UUID
    event_type: str
    event_at: datetime
    #: One of them is None.
    job_id: UUID | None
    sweep_id: UUID | None
    request_id: str
    data: dict[str, Any]


def claim_delivery(
    session: Session,
    *,
    timeout_seconds: float,
    busy_endpoints: Collection[UUID] = (),
    busy_accounts: Collection[UUID] = (),
) -> ClaimedDelivery | None:
    """The delivery that has been due longest, or None. No other sender gets it for the time of one try and a margin.

    Skips endpoints and accounts that have enough calls in progress.
    """
    row = session.execute(
        select(WebhookDelivery, WebhookEvent, WebhookEndpoint)
        .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(
            WebhookDelivery.status == DeliveryStatus.PENDING,
            WebhookDelivery.next_attempt_at <= func.now(),
            WebhookDelivery.endpoint_id.not_in(busy_endpoints),
            WebhookDelivery.account_id.not_in(busy_accounts),
        )
        .order_by(WebhookDelivery.next_attempt_at)
        .limit(1)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    ).one_or_none()
    if row is None:
        return None

    delivery, event, endpoint = row
    delivery.attempts += 1
    delivery.next_attempt_at = seconds_from_now(timeout_seconds + _MARGIN_SECONDS)
    session.flush()
    return ClaimedDelivery(
        id=delivery.id,
        account_id=delivery.account_id,
        attempt_number=delivery.attempts,
        endpoint_id=endpoint.id,
        url=endpoint.url,
        shape=endpoint.shape,
        secret=endpoint.secret,
        event_id=event.id,
        event_type=event.type,
        event_at=event.created_at,
        job_id=event.job_id,
        sweep_id=event.sweep_id,
        request_id=event.request_id,
        data=event.data,
    )


def count_due_deliveries(session: Session, *, at_most: int) -> int:
    """How many deliveries are due now, counted up to a bound."""
    due = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.status == DeliveryStatus.PENDING, WebhookDelivery.next_attempt_at <= func.now())
        .limit(at_most)
        .subquery()
    )
    return session.execute(select(func.count()).select_from(due)).scalar_one()
