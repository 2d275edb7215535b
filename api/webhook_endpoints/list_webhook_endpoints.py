"""`GET /v1/webhook-endpoints`: the URLs that are called."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.webhook_endpoints.blueprint import WebhookEndpointView, webhook_endpoints_blueprint
from core.database import transaction
from core.webhooks.endpoints import list_endpoints


class WebhookEndpointList(BaseModel):
    """All endpoints of the account, oldest first; there is only ever one page."""

    data: list[WebhookEndpointView]
    next_cursor: str | None = None


@webhook_endpoints_blueprint.get(
    "/webhook-endpoints", summary="List webhook endpoints", responses={200: WebhookEndpointList, **NOT_MODIFIED}
)
@takes_no_query
def list_webhook_endpoints() -> Response:
    """The account's endpoints."""
    with transaction() as session:
        endpoints = list_endpoints(session, account_id=current_account_id())
        listed = WebhookEndpointList(data=[WebhookEndpointView.build(endpoint) for endpoint in endpoints])
    return answer_read(listed)
