"""`GET /v1/webhook-secret`: what verifies the webhooks that requests name."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.webhook_endpoints.blueprint import webhook_endpoints_blueprint
from core.database import transaction
from core.webhooks.job_webhooks import get_webhook_secret as get_secret


class WebhookSecretView(BaseModel):
    """The account's secret."""

    secret: str = Field(
        description="`whsec_…`, as Standard Webhooks has it.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )


@webhook_endpoints_blueprint.get(
    "/webhook-secret", summary="Read the account's webhook secret", responses={200: WebhookSecretView}
)
@takes_no_query
def get_webhook_secret() -> Response:
    """What signs the calls to the `webhook` of a request. Webhook endpoints have secrets of their own."""
    with transaction() as session:
        view = WebhookSecretView(secret=get_secret(session, current_account_id()))
    return answer(view)
