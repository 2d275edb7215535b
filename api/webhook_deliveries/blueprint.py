"""The blueprint of the webhook delivery operations, and the delivery as they show it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.errors import WebhookDeliveryNotFound
from core.ids import format_id, parse_id
from core.webhooks.list_deliveries import ShownDelivery
from core.webhooks.tables import AttemptTrigger, DeliveryStatus, WebhookAttempt

webhook_deliveries_blueprint = build_blueprint(
    "webhook_deliveries", "webhook deliveries", "What became of each call, and once more by hand."
)


class DeliveryPath(BaseModel):
    """The id in the address."""

    delivery_id: str = Field(examples=["dlv_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The delivery's id. Raises WebhookDeliveryNotFound for a text that cannot be one, as for one that does not exist."""
        delivery_id = parse_id("dlv", self.delivery_id)
        if delivery_id is None:
            raise WebhookDeliveryNotFound
        return delivery_id


class WebhookAttemptView(BaseModel):
    """One call and what came back."""

    attempt_number: int = Field(description="From 1.")
    trigger: AttemptTrigger = Field(description="`scheduled`: it was due; `manual`: the account asked for it.")
    started_at: datetime
    response_status_code: int | None = Field(description="Null: there was no answer.", examples=[204])
    response_duration_ms: int = Field(examples=[38])
    error: str | None = Field(
        description="Why there was no answer, or how one that was not 2xx began.", examples=["no such page"]
    )

    @classmethod
    def build(cls, attempt: WebhookAttempt) -> WebhookAttemptView:
        return cls(
            attempt_number=attempt.attempt_number,
            trigger=AttemptTrigger(attempt.trigger or AttemptTrigger.SCHEDULED),
            started_at=attempt.created_at - timedelta(milliseconds=attempt.response_duration_ms),
            response_status_code=attempt.response_status_code,
            response_duration_ms=attempt.response_duration_ms,
            error=attempt.error,
        )


class WebhookDeliveryView(BaseModel):
    """One event on its way to one address."""

    id: str = Field(examples=["dlv_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    status: DeliveryStatus = Field(
        description="`pending`: it is still tried; `delivered`: an answer was 2xx; `exhausted`: no try is left; `cancelled`: the "
        "endpoint was deleted, or answered 410 Gone."
    )
    endpoint_id: str | None = Field(
        description="Null: the request of the job, or of the sweep, named the address (`webhook`).",
        examples=["whk_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"],
    )
    url: str = Field(examples=["https://example.com/hooks/darkroom"])
    event_id: str = Field(
        description="The `webhook-id` of each call.", examples=["evt_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"]
    )
    event_type: str = Field(examples=["job.succeeded"])
    job_id: str | None = Field(description="Null: it is of a sweep.", examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    sweep_id: str | None
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="Null: there is no further try.")
    finished_at: datetime | None
    attempts: list[WebhookAttemptView] = Field(description="Those that were made, the first one first.")

    @classmethod
    def build(cls, delivery: ShownDelivery) -> WebhookDeliveryView:
        return cls(
            id=format_id("dlv", delivery.id),
            status=DeliveryStatus(delivery.status),
            endpoint_id=format_id("whk", delivery.endpoint_id) if delivery.endpoint_id else None,
            url=delivery.url,
            event_id=format_id("evt", delivery.event_id),
            event_type=delivery.event_type,
            job_id=format_id("job", delivery.job_id) if delivery.job_id else None,
            sweep_id=format_id("sweep", delivery.sweep_id) if delivery.sweep_id else None,
            created_at=delivery.created_at,
            next_attempt_at=delivery.next_attempt_at,
            finished_at=delivery.finished_at,
            attempts=[WebhookAttemptView.build(attempt) for attempt in delivery.attempts],
        )
