"""`GET /v1/webhook-deliveries/{delivery_id}`: read a delivery."""

from __future__ import annotations

from flask import Response

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.v1 import describe_problems
from api.webhook_deliveries.blueprint import DeliveryPath, WebhookDeliveryView, webhook_deliveries_blueprint
from core.database import transaction
from core.webhooks.list_deliveries import get_delivery


@webhook_deliveries_blueprint.get(
    "/webhook-deliveries/<delivery_id>",
    summary="Get a webhook delivery",
    responses={
        200: WebhookDeliveryView,
        **NOT_MODIFIED,
        **describe_problems({404: "There is no such delivery in this account."}),
    },
)
@takes_no_query
def get_webhook_delivery(path: DeliveryPath) -> Response:
    """The delivery as it stands, with its tries."""
    with transaction() as session:
        delivery = get_delivery(session, account_id=current_account_id(), delivery_id=path.parse())
        view = WebhookDeliveryView.build(delivery)
    return answer_read(view)
