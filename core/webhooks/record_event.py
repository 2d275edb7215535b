"""Write an event and one delivery for every endpoint of its account: the rows are the outbox."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import execute
from core.ids import new_id

_RECORD = """
WITH recorded AS (
    SELECT
        %(event_id)s::uuid AS event_id, %(account_id)s::uuid AS account_id, %(job_id)s::uuid AS job_id,
        %(request_id)s::text AS request_id, %(type)s::text AS event_type, %(data)s::text AS event
), {events}
SELECT FROM recorded
"""


def build_event_ctes(source: str) -> str:
    """Builds the CTEs that write an event, and its deliveries, for each row of the CTE `source`. That has event_id,
    account_id, job_id, request_id, event_type and event (JSON as text); `%(account_ids)s` are all accounts in it.

    Deleting an endpoint waits for the lock of its row, and then cancels the deliveries that are added here as well.
    """
    return f"""event AS (
    INSERT INTO webhook_events (id, account_id, job_id, request_id, type, data)
    SELECT event_id, account_id, job_id, request_id, event_type, event::json FROM {source}
), receivers AS (
    SELECT id, account_id FROM webhook_endpoints
    WHERE account_id = ANY(%(account_ids)s) AND deleted_at IS NULL AND disabled_at IS NULL
    FOR SHARE
), deliveries AS (
    INSERT INTO webhook_deliveries (id, account_id, event_id, endpoint_id)
    SELECT uuidv7(), account_id, event_id, receivers.id FROM {source} JOIN receivers USING (account_id)
)"""  # noqa: S608  (names of ours)


def record_event(session: Session, *, account_id: UUID, job_id: UUID, request_id: str, type_: str, data: str) -> None:
    """Writes one event, whose `data` is JSON, and its deliveries. They exist exactly when the caller's transaction commits."""
    session.flush()
    execute(
        session.connection(),
        _build_statement(),
        {
            "event_id": new_id(),
            "account_id": account_id,
            "account_ids": [account_id],
            "job_id": job_id,
            "request_id": request_id,
            "type": type_,
            "data": data,
        },
    )


@cache
def _build_statement() -> str:
    return _RECORD.format(events=build_event_ctes("recorded"))
