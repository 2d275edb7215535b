"""Send a delivery again because its account asks for it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import WebhookDeliveryNotFound, WebhookEndpointGone
from core.webhooks.tables import AttemptTrigger, DeliveryStatus, WebhookDelivery, WebhookEndpoint


def send_again(session: Session, *, account_id: UUID, delivery_id: UUID) -> None:
    """The delivery is due now, however it ended before; one that waits for its next try waits no longer. If this try fails, what
    is left of the schedule follows. Raises WebhookDeliveryNotFound, and WebhookEndpointGone if nothing is sent there any more.
    """
    endpoint_id = session.scalars(
        select(WebhookDelivery.endpoint_id).where(
            WebhookDelivery.id == delivery_id, WebhookDelivery.account_id == account_id
        )
    ).one_or_none()
    # Locked before the delivery, as deleting an endpoint does.
    endpoint = session.scalars(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(read=True)
    ).one_or_none()
    delivery = session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id, WebhookDelivery.account_id == account_id)
        .with_for_update()
    ).one_or_none()
    if endpoint is None or delivery is None:
        raise WebhookDeliveryNotFound
    # The address of a single job is kept as an endpoint that is shown to nobody.
    if endpoint.disabled_at is not None or (endpoint.deleted_at is not None and endpoint.job_id is None):
        raise WebhookEndpointGone
    delivery.status = DeliveryStatus.PENDING
    delivery.finished_at = None
    delivery.next_attempt_at = func.now()
    delivery.next_trigger = AttemptTrigger.MANUAL
    session.flush()
