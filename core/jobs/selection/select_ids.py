"""The SQL text that picks jobs of an account by a filter, in the order of their ids."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple
from uuid import UUID

from core.jobs.selection.job_filter import JobFilter, build_conditions

#: By age: descending is newest first.
Order = Literal["desc", "asc"]

_HIDDEN = "job.deleted_at IS NULL"

_FINISHED = "job.finished_at IS NOT NULL"
# As literals, so that the plan uses the index of an account's jobs by status.
_UNFINISHED = "job.status IN ('queued', 'running')"


# PostgreSQL cannot know how rare a word or an entry is, and would rather go through all jobs in the order that is wanted. So the
# order comes after the look-up.
_SEARCH = """
    WITH found AS MATERIALIZED (SELECT job.id FROM jobs AS job WHERE {found} LIMIT 2000),
    waiting AS MATERIALIZED (SELECT job.id FROM jobs AS job WHERE {waiting})
    SELECT id FROM (
        (SELECT id FROM found WHERE (SELECT count(*) FROM found) < 2000)
        UNION ALL ({often})
        UNION ALL (SELECT id FROM waiting)
    ) AS job
    ORDER BY id {order} LIMIT %(limit)s
"""
_FOUND_OFTEN = "SELECT count(*) = 2000 FROM found"


class SelectedId(NamedTuple):
    """A row of the query that `select_ids` builds."""

    id: UUID


class Selection(NamedTuple):
    """A query for ids of jobs, and its parameters."""

    query: str
    parameters: dict[str, Any]


def select_ids(
    wanted: JobFilter,
    *,
    account_id: UUID,
    limit: int,
    order: Order = "desc",
    after: UUID | None = None,
    also: tuple[str, ...] = (),
) -> Selection:
    """Builds the query for the ids of the account's jobs that the filter wants: the first `limit` of them after the id `after`, in
    this order. `also` are further conditions on `jobs AS job`.

    A search (of metadata or prompts) looks up finished jobs in their index, and goes through the few that have not finished
    one by one: what is still to change would otherwise be written into that index again and again. What is found too often
    to be sorted is soon met by going through the finished jobs in their order.
    """
    conditions, parameters = build_conditions(wanted)
    conditions = ["job.account_id = %(account_id)s", _HIDDEN, *conditions, *also]
    if after is not None:
        conditions.append(f"job.id {'<' if order == 'desc' else '>'} %(after)s")
    parameters |= {"account_id": account_id, "after": after, "limit": limit}
    if not wanted.is_search:
        return Selection(_select(conditions, order), parameters)
    finished = [*conditions, _FINISHED]
    query = _SEARCH.format(
        found=" AND ".join(finished),
        often=_select([*finished, f"({_FOUND_OFTEN})"], order),
        waiting=" AND ".join([*conditions, _UNFINISHED]),
        order=order,
    )
    return Selection(query, parameters)


def _select(conditions: list[str], order: Order) -> str:
    condition = " AND ".join(conditions)
    return f"SELECT job.id FROM jobs AS job WHERE {condition} ORDER BY job.id {order} LIMIT %(limit)s"  # noqa: S608  (texts of ours)
