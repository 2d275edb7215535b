"""The story of one delivery: claim, sign, POST outside any transaction, record the answer."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from functools import cache

import structlog
from structlog.contextvars import bound_contextvars

from core.artifacts.sign_images import sign_images
from core.database import transaction
from core.fault_points import fault_point
from core.ids import format_id
from core.metrics import WEBHOOK_ATTEMPTS
from core.settings import get_settings
from core.webhook_shapes.build_body import build_body
from core.webhooks.addresses import parse_networks
from core.webhooks.claim_delivery import ClaimedDelivery, claim_delivery
from core.webhooks.record_attempt import AttemptOutcome, record_attempt
from core.webhooks.sign import build_headers
from core.webhooks.tables import DeliveryStatus
from worker.dispatch_slots import DispatchSlots
from worker.webhooks.post import post

#: The delivery's new status, as metrics and logs name it; other statuses go by their own names.
_OUTCOMES = {DeliveryStatus.PENDING: "retry", None: "overtaken"}

#: Concurrent calls to one endpoint.
MOST_FOR_ENDPOINT = 4

_log = structlog.get_logger()


def deliver_next() -> None:
    """Deliver what is due, one after another, until nothing is. Returns at once if all slots are taken."""
    get_delivery_slots().work(_claim, _deliver)


@cache
def get_delivery_slots() -> DispatchSlots:
    """The delivery slots of this process."""
    return DispatchSlots(get_settings().webhook_concurrency, endpoint=MOST_FOR_ENDPOINT)


def _claim() -> ClaimedDelivery | None:
    slots = get_delivery_slots()
    with transaction() as session:
        return claim_delivery(
            session,
            timeout_seconds=get_settings().webhook_timeout_seconds,
            busy_endpoints=slots.list_busy("endpoint"),
            busy_accounts=slots.list_busy("account"),
        )


def _deliver(claimed: ClaimedDelivery) -> None:
    with bound_contextvars(
        account_id=format_id("acc", claimed.account_id),
        **_name_subject(claimed),
        event_id=format_id("evt", claimed.event_id),
        request_id=claimed.request_id,
    ):
        _attempt(claimed)


def _name_subject(claimed: ClaimedDelivery) -> dict[str, str]:
    """The job, or the sweep, that the event is of."""
    ids = {"job": claimed.job_id, "sweep": claimed.sweep_id}
    return {f"{name}_id": format_id(name, id_) for name, id_ in ids.items() if id_ is not None}


def _attempt(claimed: ClaimedDelivery) -> None:
    fault_point("mid_delivery")
    try:
        outcome = _send(claimed)
    except Exception:  # noqa: BLE001
        # Any error is one failed attempt of the schedule; otherwise the delivery would be claimed again for ever.
        _log.exception("webhook_not_sent")
        outcome = AttemptOutcome(
            status_code=None, duration_ms=0, failure="internal", error="something went wrong on our side"
        )
    fault_point("after_delivery")
    with transaction() as session:
        status = record_attempt(session, claimed=claimed, outcome=outcome, random=random.random())  # noqa: S311 (jitter)

    name = _OUTCOMES.get(status) or str(status)
    WEBHOOK_ATTEMPTS.labels(name).inc()
    _log.info(
        "webhook_attempted",
        outcome=name,
        attempt_number=claimed.attempt_number,
        status_code=outcome.status_code,
        duration_ms=outcome.duration_ms,
        response_bytes=outcome.response_bytes,
        failure=outcome.failure,
    )


def _send(claimed: ClaimedDelivery) -> AttemptOutcome:
    settings = get_settings()
    body = _build_body(claimed)
    headers = build_headers(
        secret=claimed.secret, message_id=format_id("evt", claimed.event_id), sent_at=datetime.now(UTC), body=body
    )
    return post(
        claimed.url,
        body.encode(),
        headers,
        timeout_seconds=settings.webhook_timeout_seconds,
        allowed_networks=parse_networks(settings.webhook_allowed_networks),
    )


def _build_body(claimed: ClaimedDelivery) -> str:
    # Download addresses are valid for minutes and a retry may come after hours, so each attempt signs its own.
    with transaction() as session:
        # Events of the previous release have no inputs.
        images: dict[str, object] = {
            name: sign_images(session, claimed.data[name]) for name in ("inputs", "outputs") if name in claimed.data
        }
        if sheet := claimed.data.get("contact_sheet"):
            images["contact_sheet"] = sign_images(session, [sheet])[0]
    body = build_body(claimed.shape, claimed.event_type, claimed.event_at, claimed.data | images)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
