"""Deliveries of an account as they stand, with every try that was made of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.errors import WebhookDeliveryNotFound
from core.webhooks.tables import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent


@dataclass(frozen=True, kw_only=True)
class DeliveryFilter:
    """Deliveries that fit everything that is given."""

    endpoint_id: UUID | None = None
    status: DeliveryStatus | None = None
    job_id: UUID | None = None


@dataclass(frozen=True)
class ShownDelivery:
    """One event on its way to one address."""

    id: UUID
    status: str
    #: None: the job's own request named the address.
    endpoint_id: UUID | None
    url: str
    event_id: UUID
    event_type: str
    job_id: UUID | None
    sweep_id: UUID | None
    created_at: datetime
    #: None: there is no further try.
    next_attempt_at: datetime | None
    finished_at: datetime | None
    #: In their order.
    attempts: list[WebhookAttempt]


def list_deliveries(
    session: Session, wanted: DeliveryFilter, *, account_id: UUID, after: UUID | None, at_most: int
) -> list[ShownDelivery]:
    """The account's deliveries that the filter wants, newest first, older than `after`."""
    query = _select(account_id).order_by(WebhookDelivery.id.desc()).limit(at_most)
    if wanted.endpoint_id is not None:
        # A job's own address is no endpoint that anybody could name.
        query = query.where(WebhookDelivery.endpoint_id == wanted.endpoint_id, WebhookEndpoint.job_id.is_(None))
    if wanted.status is not None:
        query = query.where(WebhookDelivery.status == wanted.status)
    if wanted.job_id is not None:
        query = query.where(WebhookEvent.job_id == wanted.job_id)
    if after is not None:
        query = query.where(WebhookDelivery.id < after)
    return _read(session, query)


def get_delivery(session: Session, *, account_id: UUID, delivery_id: UUID) -> ShownDelivery:
    """The account's delivery. Raises WebhookDeliveryNotFound, the same whether it is another account's or there is none."""
    found = _read(session, _select(account_id).where(WebhookDelivery.id == delivery_id))
    if not found:
        raise WebhookDeliveryNotFound
    return found[0]


def _select(account_id: UUID) -> Select[WebhookDelivery, WebhookEvent, WebhookEndpoint]:
    return (
        select(WebhookDelivery, WebhookEvent, WebhookEndpoint)
        .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.account_id == account_id)
    )


def _read(session: Session, query: Select[WebhookDelivery, WebhookEvent, WebhookEndpoint]) -> list[ShownDelivery]:
    rows = session.execute(query, execution_options={"populate_existing": True}).all()
    attempts = _list_attempts(session, [delivery.id for delivery, _, _ in rows])
    return [
        ShownDelivery(
            id=delivery.id,
            status=delivery.status,
            endpoint_id=endpoint.id if endpoint.job_id is None else None,
            url=endpoint.url,
            event_id=event.id,
            event_type=event.type,
            job_id=event.job_id,
            sweep_id=event.sweep_id,
            created_at=delivery.created_at,
            next_attempt_at=delivery.next_attempt_at if delivery.status == DeliveryStatus.PENDING else None,
            finished_at=delivery.finished_at,
            attempts=attempts[delivery.id],
        )
        for delivery, event, endpoint in rows
    ]


def _list_attempts(session: Session, delivery_ids: Sequence[UUID]) -> defaultdict[UUID, list[WebhookAttempt]]:
    by_delivery: defaultdict[UUID, list[WebhookAttempt]] = defaultdict(list)
    if delivery_ids:
        query = select(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(delivery_ids))
        for attempt in session.scalars(query.order_by(WebhookAttempt.attempt_number)):
            by_delivery[attempt.delivery_id].append(attempt)
    return by_delivery
