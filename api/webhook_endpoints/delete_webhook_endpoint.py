"""`DELETE /v1/webhook-endpoints/{endpoint_id}`: stop calling a URL."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from pydantic import BaseModel

from api.authentication import current_account_id
from api.v1 import describe_problems
from api.webhook_endpoints.blueprint import webhook_endpoints_blueprint
from core.database import transaction
from core.errors import WebhookEndpointNotFound
from core.ids import parse_id
from core.webhooks.endpoints import delete_endpoint


class WebhookEndpointPath(BaseModel):
    """The id in the address."""

    endpoint_id: str


@webhook_endpoints_blueprint.delete(
    "/webhook-endpoints/<endpoint_id>",
    summary="Delete a webhook endpoint",
    responses={204: None, **describe_problems({404: "There is no such endpoint in this account."})},
)
def delete_webhook_endpoint(path: WebhookEndpointPath) -> Response:
    """Nothing more is sent there, also not what was waiting to be sent."""
    endpoint_id = parse_id("whk", path.endpoint_id)
    if endpoint_id is None:
        raise WebhookEndpointNotFound
    with transaction() as session:
        delete_endpoint(session, account_id=current_account_id(), endpoint_id=endpoint_id)
    return Response(status=HTTPStatus.NO_CONTENT)
