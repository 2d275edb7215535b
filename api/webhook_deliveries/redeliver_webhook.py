"""`POST /v1/webhook-deliveries/{delivery_id}/redeliver`: send a delivery again."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.v1 import describe_problems
from api.webhook_deliveries.blueprint import DeliveryPath, WebhookDeliveryView, webhook_deliveries_blueprint
from core.database import transaction
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.ids import format_id
from core.webhooks.list_deliveries import get_delivery
from core.webhooks.send_again import send_again

_log = structlog.get_logger()


@webhook_deliveries_blueprint.post(
    "/webhook-deliveries/<delivery_id>/redeliver",
    summary="Send a webhook again",
    responses={
        202: WebhookDeliveryView,
        **describe_problems(
            {
                404: "There is no such delivery in this account.",
                409: "The endpoint was deleted, or answered 410 Gone (`webhook_endpoint_gone`).",
            }
        ),
    },
)
@takes_no_query
def redeliver_webhook(path: DeliveryPath) -> Response:
    """The call is made once more within seconds, with the same `webhook-id` and fresh download addresses, however the delivery had ended; a
    receiver that remembers ids counts it once. If it fails, what is left of the schedule follows.
    """
    account_id, delivery_id = current_account_id(), path.parse()
    with transaction() as session:
        send_again(session, account_id=account_id, delivery_id=delivery_id)
        view = WebhookDeliveryView.build(get_delivery(session, account_id=account_id, delivery_id=delivery_id))
    get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    _log.info("webhook_sent_again", delivery_id=format_id("dlv", delivery_id))
    return answer(view, HTTPStatus.ACCEPTED)
