"""What jobs are filtered by, as conditions for SQL text."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from core.artifacts.marks.conditions import (
    JOB_HAS_FAVOURITE,
    JOB_HAS_NO_FAVOURITE,
    JOB_IS_ON_A_BOARD,
    JOB_IS_ON_NO_BOARD,
)
from core.jobs.status import JobStatus

#: The clocks of our machines, which make the ids, are not further from the database's, which makes `created_at`.
CLOCKS_APART = timedelta(days=1)

#: The digits of a UUIDv7 after its milliseconds.
_DIGITS_AFTER_TIME = 20


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Jobs that fit everything that is given."""

    #: Any of them; empty: of all.
    statuses: Collection[JobStatus] = ()
    models: Collection[str] = ()
    tasks: Collection[str] = ()
    styles: Collection[str] = ()
    #: The jobs of this sweep.
    sweep_id: UUID | None = None
    #: Accepted at this moment or later, and before that one.
    created_after: datetime | None = None
    created_before: datetime | None = None
    #: Entries that a job's metadata have, whatever else is in them.
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: Words of the prompt, as PostgreSQL's websearch_to_tsquery reads them.
    prompt: str | None = None

    #: Made from this job, by its id on the wire.
    derived_from: str | None = None

    #: With an output that is a favourite, or without one; with an output on some board, or without one.
    favourite: bool | None = None
    on_board: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all jobs fit."""
        return not any(value is False or value for value in vars(self).values())

    @property
    def is_search(self) -> bool:
        """Whether metadata or prompts are looked at, of which there is an index of finished jobs alone."""
        return bool(self.metadata) or self.prompt is not None


#: What the index `ix_jobs_search` is made of, in its words.
SEARCHED_METADATA = "(job.metadata::jsonb)"
SEARCHED_PROMPT = "to_tsvector('simple'::regconfig, job.request ->> 'prompt')"


def build_conditions(wanted: JobFilter) -> tuple[list[str], dict[str, Any]]:
    """Builds the conditions on `jobs AS job`, and their parameters. Some of them need `%(account_id)s` besides, the jobs' account."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {}

    def add(condition: str, **values: Any) -> None:
        conditions.append(condition)
        parameters.update(values)

    any_of: dict[str, Collection[object]] = {
        "status": wanted.statuses,
        "model": wanted.models,
        "task": wanted.tasks,
        "style": wanted.styles,
        "sweep_id": () if wanted.sweep_id is None else (wanted.sweep_id,),
    }
    for column, values in any_of.items():
        if len(values) == 1:
            # Of one, an index has the ids in their order.
            add(f"job.{column} = %({column})s", **{column: str(next(iter(values)))})
        elif values:
            add(f"job.{column} = ANY(%({column})s)", **{column: [str(value) for value in values]})
    if wanted.derived_from is not None:
        add("job.origin IS NOT NULL AND job.origin ->> 'job' = %(derived_from)s", derived_from=wanted.derived_from)
    conditions += _list_marks(wanted)
    # Ids begin with the time, and have the index.
    if (after := wanted.created_after) is not None:
        add("job.created_at >= %(created_after)s", created_after=after)
        add("job.id >= %(first_id)s", first_id=first_id_of(after, -CLOCKS_APART))
    if (before := wanted.created_before) is not None:
        add("job.created_at < %(created_before)s", created_before=before)
        add("job.id < %(end_id)s", end_id=first_id_of(before, CLOCKS_APART))
    if wanted.metadata:
        add(f"{SEARCHED_METADATA} @> %(metadata)s::jsonb", metadata=json.dumps(dict(wanted.metadata)))
    if wanted.prompt is not None:
        add(f"{SEARCHED_PROMPT} @@ websearch_to_tsquery('simple'::regconfig, %(prompt)s)", prompt=wanted.prompt)
    return conditions, parameters


def _list_marks(wanted: JobFilter) -> list[str]:
    marks = (
        (wanted.favourite, JOB_HAS_FAVOURITE, JOB_HAS_NO_FAVOURITE),
        (wanted.on_board, JOB_IS_ON_A_BOARD, JOB_IS_ON_NO_BOARD),
    )
    return [condition if is_wanted else opposite for is_wanted, condition, opposite in marks if is_wanted is not None]


def first_id_of(moment: datetime, shift: timedelta) -> UUID:
    """An id that sorts before all that are made at the shifted moment or later."""
    milliseconds = (moment.timestamp() + shift.total_seconds()) * 1000
    return UUID(hex=f"{min(max(int(milliseconds), 0), 2**48 - 1):012x}{'0' * _DIGITS_AFTER_TIME}")
