"""List an account's jobs, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from core.accounts.authenticate import KEY_STILL_OPENS_ACCOUNT, check_not_revoked
from core.database import fetch_all
from core.jobs.selection.job_filter import JobFilter
from core.jobs.selection.select_ids import Order, Selection, select_ids
from core.jobs.views.job_row import JobRow
from core.jobs.views.select_rows import ALL_FIELDS, build_select

_PAGE = """
WITH page AS MATERIALIZED ({ids})
{select} WHERE job.id = ANY(ARRAY(SELECT id FROM page)) ORDER BY job.id {order}
"""


@dataclass(frozen=True)
class JobPage:
    """Jobs in the order asked for, and the id that the next page starts after (None on the last page)."""

    jobs: list[JobRow]
    next_after: UUID | None


def list_jobs(
    connection: Connection,
    wanted: JobFilter,
    *,
    account_id: UUID,
    limit: int,
    order: Order = "desc",
    after: UUID | None = None,
    api_key_id: str | None = None,
    fields: frozenset[str] = ALL_FIELDS,
) -> JobPage:
    """Returns the account's jobs that the filter wants, by age, beyond the job `after`, with what these fields of their views need.
    The cursor is an id, so a page neither repeats nor misses a job, whatever comes or ends in between.

    `api_key_id` is the public part of the API key, whose secret was checked a moment ago; None: it came without one. Raises
    NotAuthenticated if the key has been revoked.
    """
    page = select_page(
        wanted,
        account_id=account_id,
        limit=limit + 1,
        order=order,
        after=after,
        api_key_id=api_key_id,
        fields=fields,
    )
    # With a filter the best plan depends on its values: on how many jobs have failed, or on how rare a word is.
    rows = fetch_all(connection, page.query, page.parameters, into=JobRow, plan_for_values=not wanted.is_empty)
    if not rows and api_key_id is not None:
        check_not_revoked(connection, api_key_id=api_key_id, account_id=account_id)
    return JobPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def select_page(
    wanted: JobFilter,
    *,
    account_id: UUID,
    limit: int,
    order: Order,
    after: UUID | None,
    api_key_id: str | None,
    fields: frozenset[str],
) -> Selection:
    """Builds the query of a page, and its parameters."""
    ids = select_ids(
        wanted,
        account_id=account_id,
        limit=limit,
        order=order,
        after=after,
        also=() if api_key_id is None else (KEY_STILL_OPENS_ACCOUNT,),
    )
    query = _PAGE.format(ids=ids.query, select=build_select(fields), order=order)
    return Selection(query, ids.parameters | {"api_key_id": api_key_id})
