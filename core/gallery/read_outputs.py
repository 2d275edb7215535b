"""Read one output, or a page of them, each with its marks and what its job says of it, in one statement."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from core.artifacts.marks.conditions import BOARDS_OF_OUTPUT, IS_SHOWN
from core.artifacts.storage import name_link_period
from core.database import fetch_all
from core.errors import OutputNotFound
from core.gallery.output_filter import OutputFilter, select_outputs
from core.jobs.selection.select_ids import Order, Selection

_SELECT = f"""
SELECT artifact.id, artifact.job_id, artifact.position, artifact.storage_key, artifact.media_type, artifact.byte_size,
    artifact.sha256, artifact.width, artifact.height, artifact.seed, artifact.created_at,
    artifact.favourite_at IS NOT NULL AS favourite, {BOARDS_OF_OUTPUT} AS boards,
    job.request ->> 'prompt' AS prompt, job.request ->> 'negative_prompt' AS negative_prompt,
    job.model, job.task, job.style, job.expires_at
FROM artifacts AS artifact JOIN jobs AS job ON job.id = artifact.job_id
"""  # noqa: S608  (names of ours)

_PAGE = """
WITH page AS MATERIALIZED ({ids})
{select} WHERE artifact.id = ANY(ARRAY(SELECT id FROM page)) ORDER BY artifact.id {order}
"""

_SOME = f"{_SELECT} WHERE artifact.id = ANY(%(output_ids)s) AND artifact.account_id = %(account_id)s AND {IS_SHOWN}"


@dataclass(frozen=True)
class OutputRow:
    """An output. The names are the columns' of `artifacts` and `jobs`, which their `tables.py` explain."""

    id: UUID
    job_id: UUID
    position: int
    storage_key: str
    media_type: str
    byte_size: int
    sha256: str
    width: int
    height: int
    seed: int | None
    created_at: datetime
    favourite: bool
    boards: list[UUID]
    #: As they were sent; null: there was none, or it was not kept.
    prompt: str | None
    negative_prompt: str | None
    model: str
    task: str
    style: str | None
    expires_at: datetime | None


class OutputPage(NamedTuple):
    """Outputs in the order asked for, and the id that the next page starts after (None on the last page)."""

    outputs: list[OutputRow]
    next_after: UUID | None


def list_outputs(
    connection: Connection,
    wanted: OutputFilter,
    *,
    account_id: UUID,
    limit: int,
    order: Order = "desc",
    after: UUID | None = None,
) -> OutputPage:
    """Returns the account's outputs that the filter wants, by age, beyond the output `after`. The cursor is an id, so a page neither
    repeats nor misses an output, whatever is made or goes in between.
    """
    page = select_page(wanted, account_id=account_id, limit=limit + 1, order=order, after=after)
    # With a filter the best plan depends on its values.
    rows = fetch_all(connection, page.query, page.parameters, into=OutputRow, plan_for_values=not wanted.is_empty)
    return OutputPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def select_page(wanted: OutputFilter, *, account_id: UUID, limit: int, order: Order, after: UUID | None) -> Selection:
    """Builds the query of a page, and its parameters."""
    ids = select_outputs(wanted, account_id=account_id, limit=limit, order=order, after=after)
    return Selection(_PAGE.format(ids=ids.query, select=_SELECT, order=order), ids.parameters)


def get_outputs(connection: Connection, output_ids: Sequence[UUID], *, account_id: UUID) -> list[OutputRow]:
    """Returns these outputs of the account, in their order. Raises OutputNotFound if one is not there."""
    parameters = {"output_ids": list(output_ids), "account_id": account_id}
    found = {row.id: row for row in fetch_all(connection, _SOME, parameters, into=OutputRow)}
    if not found.keys() >= set(output_ids):
        raise OutputNotFound
    return [found[output_id] for output_id in output_ids]


def name_version(outputs: Sequence[OutputRow], *others: object) -> str:
    """Returns 32 hexadecimal digits that change with everything that is shown of these outputs; `others` is what else the answer
    holds. A version is over when a quarter of its links' time is.
    """
    return hashlib.sha256(repr((outputs, others, name_link_period())).encode()).hexdigest()[:32]
