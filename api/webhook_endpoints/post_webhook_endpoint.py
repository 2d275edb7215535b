"""`POST /v1/webhook-endpoints`: add a URL to be called."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.v1 import describe_problems
from api.webhook_endpoints.blueprint import WebhookEndpointView, webhook_endpoints_blueprint
from core.accounts.lock_account import lock_account
from core.database import transaction
from core.errors import FieldError, InvalidRequest
from core.plain_text import plain_text
from core.settings import get_settings
from core.webhooks.addresses import find_url_error, parse_networks
from core.webhooks.endpoints import create_endpoint


class WebhookEndpointRequest(BaseModel):
    """Where to call."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(min_length=1, max_length=2_048, examples=["https://example.com/hooks/darkroom"])
    description: Annotated[str, plain_text(at_most=256)] = Field(default="", max_length=256)


class CreatedWebhookEndpoint(WebhookEndpointView):
    """The new endpoint with its secret, which is shown only here."""

    secret: str = Field(description="`whsec_…`: verify every call with it.")


@webhook_endpoints_blueprint.post(
    "/webhook-endpoints",
    summary="Add a webhook endpoint",
    responses={
        201: CreatedWebhookEndpoint,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                409: "The account has its 20 endpoints already.",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
def post_webhook_endpoint(body: WebhookEndpointRequest) -> Response:
    """This URL is called for every job of the account that ends from now on, with retries for three days."""
    settings = get_settings()
    reason = find_url_error(
        body.url, allow_http=settings.webhook_allow_http, allowed=parse_networks(settings.webhook_allowed_networks)
    )
    if reason is not None:
        raise InvalidRequest([FieldError("url", reason)])

    account_id = current_account_id()
    with transaction() as session:
        lock_account(session, account_id)
        endpoint = create_endpoint(session, account_id=account_id, url=body.url, description=body.description)
        session.refresh(endpoint)
        view = CreatedWebhookEndpoint(**WebhookEndpointView.build(endpoint).model_dump(), secret=endpoint.secret)
    return answer(view, HTTPStatus.CREATED)
