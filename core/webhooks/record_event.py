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
    """Builds the CTEs that write an event, and its deliveries to the account's endpoints and to the job's own webhook, for each
    row of the CTE `source`. That has event_id,
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
    UNION ALL
    SELECT uuidv7(), {source}.account_id, event_id, own.id FROM {source} JOIN webhook_endpoints AS own USING (job_id)
    WHERE jsonb_exists(own.events, event_type)
)"""  # noqa: S608  (names of ours)


_RECORD_OF_SWEEP = """
WITH event AS (
    INSERT INTO webhook_events (id, account_id, sweep_id, request_id, type, data)
    VALUES (%(event_id)s, %(account_id)s, %(sweep_id)s, %(request_id)s, %(type)s, %(data)s::json)
), receivers AS (
    SELECT id FROM webhook_endpoints
    WHERE account_id = %(account_id)s AND deleted_at IS NULL AND disabled_at IS NULL
    FOR SHARE
), own AS (
    SELECT id FROM webhook_endpoints WHERE job_id = %(sweep_id)s
)
INSERT INTO webhook_deliveries (id, account_id, event_id, endpoint_id)
SELECT uuidv7(), %(account_id)s, %(event_id)s, id FROM receivers
UNION ALL SELECT uuidv7(), %(account_id)s, %(event_id)s, id FROM own
"""


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


def record_sweep_event(
    session: Session, *, account_id: UUID, sweep_id: UUID, request_id: str, type_: str, data: str
) -> None:
    """The same for the one event of a sweep."""
    session.flush()
    parameters = {"event_id": new_id(), "account_id": account_id, "sweep_id": sweep_id, "request_id": request_id}
    execute(session.connection(), _RECORD_OF_SWEEP, parameters | {"type": type_, "data": data})


@cache
def _build_statement() -> str:
    return _RECORD.format(events=build_event_ctes("recorded"))
