"""The start of a job, for the webhook that its request names, if that asks for it. The account's endpoints hear of ends alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from core.database import execute
from core.ids import new_id
from core.webhooks.tables import WebhookEndpoint

#: The type of the event.
STARTED = "job.started"

_RECORD = """
WITH event AS (
    INSERT INTO webhook_events (id, account_id, job_id, request_id, type, data)
    VALUES (%(event_id)s, %(account_id)s, %(job_id)s, %(request_id)s, %(type)s, %(data)s::json)
)
INSERT INTO webhook_deliveries (id, account_id, event_id, endpoint_id)
SELECT uuidv7(), %(account_id)s, %(event_id)s, id FROM webhook_endpoints
WHERE job_id = %(job_id)s AND jsonb_exists(events, %(type)s)
"""


def wants_start(job_id: Any) -> ColumnElement[bool]:
    """Whether the webhook of a job (its id is a column) is to be called for its start."""
    started = literal(STARTED, literal_execute=True)
    # An EXISTS could be planned as a hash of all webhooks. This is a look at the index for each job.
    found = select(WebhookEndpoint.id).where(
        WebhookEndpoint.job_id == job_id, func.jsonb_exists(WebhookEndpoint.events, started)
    )
    return found.limit(literal(1, literal_execute=True)).scalar_subquery().is_not(None)


def record_start(session: Session, *, account_id: UUID, job_id: UUID, request_id: str, data: str) -> None:
    """Writes the event, whose `data` is JSON, and its delivery. They exist exactly when the caller's transaction commits."""
    session.flush()
    parameters = {"event_id": new_id(), "account_id": account_id, "job_id": job_id, "request_id": request_id}
    execute(session.connection(), _RECORD, parameters | {"type": STARTED, "data": data})
