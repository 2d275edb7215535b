"""Take the next fetch that is due, for as long as one try may last."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.jobs.request.picture_addresses import list_addresses
from core.jobs.status import FINISHED
from core.jobs.tables import InputFetch, Job

#: Seconds for decoding and storing what was fetched, before another process may take the fetch.
_MARGIN_SECONDS = 120.0


@dataclass(frozen=True)
class ClaimedFetch:
    """All that one try needs, so that no transaction stays open around it."""

    job_id: UUID
    account_id: UUID
    request_id: str
    #: From 1; fences what is recorded of this try.
    try_number: int
    #: What is to be fetched, by the place in the request.
    addresses: dict[str, str]
    #: The request as it was validated.
    request: dict[str, Any]


def claim_fetch(
    session: Session, *, timeout_seconds: float, busy_accounts: Collection[UUID] = ()
) -> ClaimedFetch | None:
    """The fetch that has been due longest, or None. No other process gets it for `timeout_seconds` for each address, and a
    margin. A fetch of a job that has ended is forgotten.

    Skips accounts that have enough fetches in progress.
    """
    while True:
        fetch = session.scalars(
            select(InputFetch)
            .where(InputFetch.next_try_at <= func.now(), InputFetch.account_id.not_in(busy_accounts))
            .order_by(InputFetch.next_try_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if fetch is None:
            return None
        job = session.execute(select(Job.status, Job.request_id).where(Job.id == fetch.job_id)).one_or_none()
        if job is not None and job.status not in FINISHED:
            break
        session.delete(fetch)
        session.flush()

    addresses = list_addresses(fetch.request)
    fetch.tries += 1
    fetch.next_try_at = seconds_from_now(len(addresses) * timeout_seconds + _MARGIN_SECONDS)
    session.flush()
    return ClaimedFetch(fetch.job_id, fetch.account_id, job.request_id, fetch.tries, addresses, fetch.request)


def count_due_fetches(session: Session, *, at_most: int) -> int:
    """How many fetches are due now, counted up to a bound."""
    due = select(InputFetch.job_id).where(InputFetch.next_try_at <= func.now()).limit(at_most).subquery()
    return session.execute(select(func.count()).select_from(due)).scalar_one()
