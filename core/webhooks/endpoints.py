"""Add, list and delete webhook endpoints."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import TooManyWebhookEndpoints, WebhookEndpointNotFound
from core.webhooks.sign import new_secret
from core.webhooks.tables import DeliveryStatus, WebhookDelivery, WebhookEndpoint

#: Every event costs one POST for each endpoint, so an account has few.
MAX_ENDPOINTS = 20


def create_endpoint(session: Session, *, account_id: UUID, url: str, description: str) -> WebhookEndpoint:
    """A new endpoint with a fresh secret; it is called for every job that ends from now on. The caller holds the account's
    lock, so that requests at the same time do not exceed the number either.

    Raises TooManyWebhookEndpoints.
    """
    if len(list_endpoints(session, account_id=account_id)) >= MAX_ENDPOINTS:
        raise TooManyWebhookEndpoints
    endpoint = WebhookEndpoint(account_id=account_id, url=url, description=description, secret=new_secret())
    session.add(endpoint)
    session.flush()
    return endpoint


def list_endpoints(session: Session, *, account_id: UUID) -> list[WebhookEndpoint]:
    """The account's endpoints, oldest first."""
    return list(
        session.scalars(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.account_id == account_id, WebhookEndpoint.deleted_at.is_(None))
            .order_by(WebhookEndpoint.id)
        )
    )


def delete_endpoint(session: Session, *, account_id: UUID, endpoint_id: UUID) -> None:
    """Send nothing more to the endpoint, including what was waiting. Raises WebhookEndpointNotFound."""
    deleted = session.execute(
        update(WebhookEndpoint)
        .where(
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.account_id == account_id,
            WebhookEndpoint.deleted_at.is_(None),
        )
        .values(deleted_at=func.now())
        .returning(WebhookEndpoint.id)
    ).scalar_one_or_none()
    if deleted is None:
        raise WebhookEndpointNotFound
    cancel_deliveries(session, endpoint_id=endpoint_id)


def disable_endpoint(session: Session, *, endpoint_id: UUID) -> None:
    """The receiver answered 410 Gone: send nothing more there."""
    session.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(disabled_at=func.now()))
    cancel_deliveries(session, endpoint_id=endpoint_id)


def cancel_deliveries(session: Session, *, endpoint_id: UUID) -> None:
    """Cancel the deliveries that still wait for the endpoint."""
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.CANCELLED, finished_at=func.now())
    )
