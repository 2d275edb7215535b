"""The blueprint of the webhook endpoint operations, and the endpoint as they show it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.ids import format_id
from core.webhooks.tables import WebhookEndpoint

webhook_endpoints_blueprint = build_blueprint(
    "webhook_endpoints", "webhook endpoints", "Be called back when jobs end, signed as Standard Webhooks."
)


class WebhookEndpointView(BaseModel):
    """An endpoint, without its secret."""

    id: str = Field(examples=["whk_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    url: str
    description: str
    created_at: datetime
    disabled_at: datetime | None = Field(description="Set when the receiver answered 410 Gone.")

    @classmethod
    def build(cls, endpoint: WebhookEndpoint) -> WebhookEndpointView:
        return cls(
            id=format_id("whk", endpoint.id),
            url=endpoint.url,
            description=endpoint.description,
            created_at=endpoint.created_at,
            disabled_at=endpoint.disabled_at,
        )
