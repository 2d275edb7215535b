"""`GET /v1/webhook-deliveries`: find deliveries of the account, and page through them."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.cursor import check_cursor
from api.webhook_deliveries.blueprint import WebhookDeliveryView, webhook_deliveries_blueprint
from core.database import transaction
from core.ids import format_id, parse_id
from core.webhooks.list_deliveries import DeliveryFilter, list_deliveries
from core.webhooks.tables import DeliveryStatus


class ListDeliveriesQuery(CachedSchema):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    endpoint: str | None = Field(
        default=None,
        pattern="^whk_[0-9a-f]{32}$",
        description="To this endpoint.",
        examples=["whk_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"],
    )
    status: DeliveryStatus | None = None
    job: str | None = Field(
        default=None,
        pattern="^job_[0-9a-f]{32}$",
        description="Of this job's end.",
        examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"],
    )
    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filters."
    )

    def build_filter(self) -> DeliveryFilter:
        return DeliveryFilter(
            endpoint_id=parse_id("whk", self.endpoint) if self.endpoint else None,
            status=self.status,
            job_id=parse_id("job", self.job) if self.job else None,
        )


class WebhookDeliveryList(BaseModel):
    """One page of deliveries, newest first."""

    data: list[WebhookDeliveryView]
    next_cursor: str | None


@webhook_deliveries_blueprint.get(
    "/webhook-deliveries",
    summary="List webhook deliveries",
    responses={200: WebhookDeliveryList, **NOT_MODIFIED},
)
def list_webhook_deliveries(query: ListDeliveriesQuery) -> Response:
    """The account's deliveries that fit all filters, newest first, each with its tries. They are kept as long as their jobs."""
    with transaction() as session:
        found = list_deliveries(
            session,
            query.build_filter(),
            account_id=current_account_id(),
            after=parse_id("cur", query.cursor) if query.cursor else None,
            at_most=query.limit + 1,
        )
        page = found[: query.limit]
        listed = WebhookDeliveryList(
            data=[WebhookDeliveryView.build(delivery) for delivery in page],
            next_cursor=format_id("cur", page[-1].id) if len(found) > query.limit else None,
        )
    return answer_read(listed)
