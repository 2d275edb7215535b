"""Read jobs, each in one row: one of an account, or several that are known by their ids."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.accounts.authenticate import KEY_STILL_OPENS_ACCOUNT, check_not_revoked
from core.database import fetch_all, fetch_one
from core.errors import JobDeleted, JobNotFound
from core.ids import format_id
from core.jobs.retention.deletion_receipts import find_job_deletion
from core.jobs.views.job_row import JobRow
from core.jobs.views.select_rows import ALL_FIELDS, build_select

_OF_ACCOUNT = "WHERE job.id = %(job_id)s AND job.account_id = %(account_id)s AND job.deleted_at IS NULL"
_WITH_KEY = f"{_OF_ACCOUNT} AND {KEY_STILL_OPENS_ACCOUNT}"
_BY_IDS = "WHERE job.id = ANY(%(job_ids)s)"


def read_job(
    connection: Connection,
    *,
    account_id: UUID,
    job_id: UUID,
    api_key_id: str | None = None,
    fields: frozenset[str] = ALL_FIELDS,
) -> JobRow:
    """Returns the account's job, with what these fields of its view need. `api_key_id` is the public part of the API key, whose
    secret was checked a moment ago; None: it came without one.

    Raises JobNotFound, the same whether it is another account's or there is none, JobDeleted, and NotAuthenticated if the key
    has been revoked.
    """
    condition = _OF_ACCOUNT if api_key_id is None else _WITH_KEY
    row = fetch_one(
        connection,
        f"{build_select(fields)} {condition}",
        {"job_id": job_id, "account_id": account_id, "api_key_id": api_key_id},
        into=JobRow,
    )
    if row is None:
        if api_key_id is not None:
            check_not_revoked(connection, api_key_id=api_key_id, account_id=account_id)
        with Session(connection) as session:
            raise describe_absence(session, account_id=account_id, job_id=job_id)
    return row


def read_jobs(
    connection: Connection, job_ids: Collection[UUID], *, fields: frozenset[str] = ALL_FIELDS
) -> dict[UUID, JobRow]:
    """Returns the jobs that are there, whosever they are, by their ids, with what these fields of their views need."""
    rows = fetch_all(connection, f"{build_select(fields)} {_BY_IDS}", {"job_ids": list(job_ids)}, into=JobRow)
    return {row.id: row for row in rows}


def describe_absence(session: Session, *, account_id: UUID, job_id: UUID) -> JobDeleted | JobNotFound:
    """Returns the error that says why the account has no such job."""
    deletion = find_job_deletion(session, account_id=account_id, job_id=job_id)
    return JobNotFound() if deletion is None else JobDeleted.with_receipt(format_id("del", deletion.id))
