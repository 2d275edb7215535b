"""Record the outcome of a try, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.webhooks.claim_delivery import ClaimedDelivery
from core.webhooks.endpoints import disable_endpoint
from core.webhooks.retry_schedule import next_delay_seconds
from core.webhooks.tables import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint

_GONE = 410


@dataclass(frozen=True)
class AttemptOutcome:
    """What came back."""

    #: None if there was no answer.
    status_code: int | None
    duration_ms: int
    #: What kind of failure it was, in words of ours such as `answered_500` or `ConnectError`; None for a success.
    failure: str | None = None
    #: For the delivery's record alone: why there was no answer, or how one that was not 2xx began. A receiver may have put the
    #: customer's own texts and links into it, so it is never logged.
    error: str | None = None
    #: Bytes of the answer that were read.
    response_bytes: int = 0
    retry_after_seconds: float | None = None

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300  # noqa: PLR2004 (2xx, as the spec says)


def record_attempt(
    session: Session, *, claimed: ClaimedDelivery, outcome: AttemptOutcome, random: float
) -> DeliveryStatus | None:
    """The delivery's status after the try; None if a later try or a cancellation has overtaken this one (the try is
    still recorded), or if the delivery was deleted with its job. `random`, uniform in [0, 1), spreads the next try.
    """
    if outcome.status_code == _GONE:
        # Locked before the delivery, as deleting an endpoint does: two answers at once would deadlock otherwise.
        session.execute(select(WebhookEndpoint.id).where(WebhookEndpoint.id == claimed.endpoint_id).with_for_update())
    delivery = session.scalars(
        select(WebhookDelivery).where(WebhookDelivery.id == claimed.id).with_for_update()
    ).one_or_none()
    if delivery is None:
        return None
    is_latest = delivery.attempts == claimed.attempt_number
    session.add(
        WebhookAttempt(
            account_id=claimed.account_id,
            delivery_id=claimed.id,
            attempt_number=claimed.attempt_number,
            trigger=delivery.next_trigger if is_latest else None,
            response_status_code=outcome.status_code,
            response_duration_ms=outcome.duration_ms,
            error=outcome.error,
        )
    )
    if not is_latest or delivery.status != DeliveryStatus.PENDING:
        session.flush()
        return None
    delivery.next_trigger = None

    delay = next_delay_seconds(claimed.attempt_number, retry_after_seconds=outcome.retry_after_seconds, random=random)
    if outcome.is_success:
        _finish(delivery, DeliveryStatus.DELIVERED)
    elif outcome.status_code == _GONE:
        _finish(delivery, DeliveryStatus.CANCELLED)
        session.flush()
        disable_endpoint(session, endpoint_id=claimed.endpoint_id)
    elif delay is None:
        _finish(delivery, DeliveryStatus.EXHAUSTED)
    else:
        delivery.next_attempt_at = seconds_from_now(delay)
    session.flush()
    return DeliveryStatus(delivery.status)


def _finish(delivery: WebhookDelivery, status: DeliveryStatus) -> None:
    delivery.status = status
    delivery.finished_at = func.now()
