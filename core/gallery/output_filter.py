"""What outputs are filtered by, and the SQL text that picks them in the order of their age."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.artifacts.marks.conditions import IS_FAVOURITE, IS_ON_A_BOARD, IS_ON_BOARD, IS_SHOWN
from core.jobs.selection.job_filter import CLOCKS_APART, JobFilter, build_conditions, first_id_of
from core.jobs.selection.select_ids import Order, Selection

_WALK = "SELECT artifact.id FROM artifacts AS artifact WHERE {outputs} ORDER BY artifact.id {order} LIMIT %(limit)s"

_WALK_WITH_JOBS = """
    SELECT artifact.id FROM artifacts AS artifact JOIN jobs AS job ON job.id = artifact.job_id
    WHERE {outputs} AND {jobs} ORDER BY artifact.id {order} LIMIT %(limit)s
"""

# Rare jobs are looked up, and their outputs sorted; PostgreSQL cannot know how rare a word is. What two thousand jobs have is soon
# met by going through the outputs in their order. The offset has the outputs of each found job looked up one by one: otherwise all
# outputs may be read, to be joined with the few that were found.
_LOOK_UP = """
    WITH found AS MATERIALIZED (SELECT job.id FROM jobs AS job WHERE {jobs} LIMIT 2000)
    SELECT id FROM (
        (
            SELECT of_job.id FROM found CROSS JOIN LATERAL (
                SELECT artifact.id FROM artifacts AS artifact WHERE artifact.job_id = found.id AND {outputs} OFFSET 0
            ) AS of_job
            WHERE (SELECT count(*) FROM found) < 2000
        )
        UNION ALL ({walk})
    ) AS output
    ORDER BY id {order} LIMIT %(limit)s
"""
_FOUND_OFTEN = "(SELECT count(*) = 2000 FROM found)"


@dataclass(frozen=True, kw_only=True)
class OutputFilter:
    """Outputs that fit everything that is given."""

    favourite: bool | None = None
    #: On this board; on any of them, or on none.
    board_id: UUID | None = None
    on_board: bool | None = None
    #: Whose bytes have this sha256 (64 hexadecimal digits, in lower case).
    sha256: str | None = None
    #: Made at this moment or later, and before that one.
    created_after: datetime | None = None
    created_before: datetime | None = None
    #: Of jobs that have one of these models, tasks and styles, that are of this sweep, and whose prompt has these words.
    models: Collection[str] = ()
    tasks: Collection[str] = ()
    styles: Collection[str] = ()
    sweep_id: UUID | None = None
    prompt: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all outputs fit."""
        return not any(value is False or value for value in vars(self).values())


def select_outputs(
    wanted: OutputFilter, *, account_id: UUID, limit: int, order: Order = "desc", after: UUID | None = None
) -> Selection:
    """Builds the query for the ids of the account's outputs that the filter wants: the first `limit` of them after the id `after`,
    in this order. Those that were deleted, or whose time is over, are none.
    """
    parameters: dict[str, Any] = {"account_id": account_id, "limit": limit}
    outputs = _list_conditions(wanted, order=order, after=after, parameters=parameters)
    of_jobs = JobFilter(
        models=wanted.models,
        tasks=wanted.tasks,
        styles=wanted.styles,
        sweep_id=wanted.sweep_id,
        prompt=wanted.prompt,
    )
    jobs, values = build_conditions(of_jobs)
    parameters |= values
    if of_jobs.is_empty:
        return Selection(_WALK.format(outputs=outputs, order=order), parameters)
    if not (of_jobs.is_search or of_jobs.styles or of_jobs.sweep_id):
        return Selection(_WALK_WITH_JOBS.format(outputs=outputs, jobs=" AND ".join(jobs), order=order), parameters)
    # As the index of what is searched has it.
    jobs = ["job.account_id = %(account_id)s", "job.finished_at IS NOT NULL", *jobs]
    walk = _WALK_WITH_JOBS.format(outputs=outputs, jobs=" AND ".join([*jobs, _FOUND_OFTEN]), order=order)
    return Selection(
        _LOOK_UP.format(jobs=" AND ".join(jobs), outputs=outputs, walk=walk, order=order),
        parameters,
    )


def _list_conditions(wanted: OutputFilter, *, order: Order, after: UUID | None, parameters: dict[str, Any]) -> str:
    conditions = ["artifact.account_id = %(account_id)s", IS_SHOWN]
    if wanted.favourite is not None:
        conditions.append(IS_FAVOURITE if wanted.favourite else f"NOT ({IS_FAVOURITE})")
    if wanted.board_id is not None:
        conditions.append(IS_ON_BOARD)
        parameters["board_id"] = wanted.board_id
    if wanted.on_board is not None:
        conditions.append(IS_ON_A_BOARD if wanted.on_board else f"NOT ({IS_ON_A_BOARD})")
    if wanted.sha256 is not None:
        conditions.append("artifact.sha256 = %(sha256)s")
        parameters["sha256"] = wanted.sha256
    if after is not None:
        conditions.append(f"artifact.id {'<' if order == 'desc' else '>'} %(after)s")
        parameters["after"] = after
    # Ids begin with the time, and have the index.
    for moment, sign, apart, name in (
        (wanted.created_after, ">=", -CLOCKS_APART, "made_after"),
        (wanted.created_before, "<", CLOCKS_APART, "made_before"),
    ):
        if moment is not None:
            conditions += [f"artifact.created_at {sign} %({name})s", f"artifact.id {sign} %({name}_id)s"]
            parameters |= {name: moment, f"{name}_id": first_id_of(moment, apart)}
    return " AND ".join(conditions)
