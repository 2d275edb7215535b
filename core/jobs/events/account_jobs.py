"""Which jobs of accounts there is news of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from core.database import fetch_all
from core.live_events.numbers import number_of

_NOW = "SELECT clock_timestamp() AS now"

# The unfinished ones, and the newest, which may have ended a moment ago.
_RECENT = """
(SELECT id, account_id FROM jobs WHERE account_id = %(account_id)s AND status IN ('queued', 'running') ORDER BY id DESC LIMIT 500)
UNION
(SELECT id, account_id FROM jobs WHERE account_id = %(account_id)s AND deleted_at IS NULL ORDER BY id DESC LIMIT 500)
"""

_NEW = """
SELECT job.id, job.account_id
FROM unnest(%(accounts)s::uuid[], %(newest)s::uuid[]) AS watched (account_id, newest), LATERAL (
    SELECT id, account_id FROM jobs
    WHERE jobs.account_id = watched.account_id AND jobs.id > watched.newest AND deleted_at IS NULL
    ORDER BY id DESC LIMIT 500
) AS job
"""


class _Now(NamedTuple):
    now: datetime


class AccountJob(NamedTuple):
    """A job and whose it is."""

    id: UUID
    account_id: UUID


def read_present(connection: Connection) -> int:
    """The number that an event of this moment would have."""
    [row] = fetch_all(connection, _NOW, {}, into=_Now)
    return number_of(row.now)


def list_recent_jobs(connection: Connection, account_id: UUID) -> list[AccountJob]:
    """The account's 500 newest unfinished jobs, and its 500 newest of all."""
    return fetch_all(connection, _RECENT, {"account_id": account_id}, into=AccountJob)


def list_new_jobs(connection: Connection, newest: Mapping[UUID, UUID]) -> list[AccountJob]:
    """The jobs of each account whose ids are larger than the one given for it, its 500 newest."""
    parameters = {"accounts": list(newest), "newest": list(newest.values())}
    return fetch_all(connection, _NEW, parameters, into=AccountJob)
