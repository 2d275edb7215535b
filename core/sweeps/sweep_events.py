"""The events of a sweep that its rows show: each start and end of a job, with the counts by then, and the sweep's own end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.ids import format_id
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.live_events.numbers import moment_of, number_of
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.tables import ENDED, Sweep

SweepEventType = Literal["started", "job_started", "job_finished", "finished"]

SWEEP_EVENT_TYPES: tuple[SweepEventType, ...] = get_args(SweepEventType)

#: Seconds until an event is shown: rows become visible a moment after their times, and numbers have to come in order. What precedes
#: the end of a sweep is visible by then.
_SETTLED_SECONDS = 0.5


@dataclass(frozen=True)
class SweepEvent:
    """Something that happened to a sweep."""

    sweep_id: UUID
    #: Grows within a sweep.
    number: int
    type: SweepEventType
    #: What the type adds, JSON-ready.
    details: dict[str, Any]

    def describe(self) -> dict[str, Any]:
        """The event's `data`, JSON-ready."""
        return {
            "sweep_id": format_id("sweep", self.sweep_id),
            "type": self.type,
            "number": self.number,
            "at": moment_of(self.number).isoformat().replace("+00:00", "Z"),
            **self.details,
        }

    def to_sse(self) -> bytes:
        """The event as server-sent events have it (WHATWG, HTML, section 9.2)."""
        data = json.dumps(self.describe(), separators=(",", ":"))
        return f"id: {self.number}\nevent: {self.type}\ndata: {data}\n\n".encode()


@dataclass(frozen=True)
class SweepHistory:
    """What the rows of one sweep show at one moment."""

    events: list[SweepEvent]
    is_finished: bool

    def list_after(self, number: int) -> list[SweepEvent]:
        """The events with larger numbers."""
        return [event for event in self.events if event.number > number]


def read_sweep_histories(session: Session, sweep_ids: Collection[UUID]) -> dict[UUID, SweepHistory]:
    """The histories of the sweeps that are there."""
    sweeps = session.execute(
        select(Sweep, _settled()).where(Sweep.id.in_(sweep_ids), Sweep.deleted_at.is_(None)),
        execution_options={"populate_existing": True},
    ).all()
    jobs: defaultdict[UUID, list[_Row]] = defaultdict(list)
    rows = session.execute(
        select(Job.sweep_id, Job.id, Job.status, Job.started_at, Job.finished_at)
        .where(Job.sweep_id.in_([sweep.id for sweep, _ in sweeps]))
        .order_by(Job.id)
    )
    for row in rows:
        if row.sweep_id is not None:
            jobs[row.sweep_id].append(_Row(row.id, row.status, row.started_at, row.finished_at))
    return {sweep.id: _build(session, sweep, jobs[sweep.id], settled) for sweep, settled in sweeps}


@dataclass(frozen=True)
class _Row:
    job_id: UUID
    status: str
    started_at: datetime | None
    finished_at: datetime | None


def _settled() -> ColumnElement[datetime]:
    return seconds_from_now(-_SETTLED_SECONDS)


def _build(session: Session, sweep: Sweep, jobs: list[_Row], settled: datetime) -> SweepHistory:
    events: list[SweepEvent] = []
    has_ended = sweep.status in ENDED
    for moment, type_, details in _list_events(sweep, jobs):
        if not has_ended and moment > settled:
            break
        number = max(number_of(moment), events[-1].number + 1 if events else 0)
        events.append(SweepEvent(sweep.id, number, type_, details))
    if has_ended and sweep.finished_at is not None:
        view = read_sweep(session, account_id=sweep.account_id, sweep_id=sweep.id)
        number = max(number_of(sweep.finished_at), events[-1].number + 1 if events else 0)
        events.append(SweepEvent(sweep.id, number, "finished", view.model_dump(mode="json")))
    return SweepHistory(events, has_ended)


def _list_events(sweep: Sweep, jobs: list[_Row]) -> Iterator[tuple[datetime, SweepEventType, dict[str, Any]]]:
    """In the order of their moments. A job that waits for another attempt counts as running."""
    if sweep.started_at is None:
        return
    counts = dict.fromkeys(JobStatus, 0) | {JobStatus.QUEUED: sweep.cells}
    yield sweep.started_at, "started", {"counts": dict(counts)}
    moments = [
        (moment, position, is_end, job)
        for position, job in enumerate(jobs)
        for moment, is_end in ((job.started_at, False), (job.finished_at, True))
        if moment is not None
    ]
    for moment, position, is_end, job in sorted(moments, key=lambda each: each[:3]):
        status = JobStatus(job.status) if is_end else JobStatus.RUNNING
        before = JobStatus.RUNNING if is_end and job.started_at is not None else JobStatus.QUEUED
        counts[before] -= 1
        counts[status] += 1
        details = {"job_id": format_id("job", job.job_id), "position": position, "status": status}
        yield moment, "job_finished" if is_end else "job_started", details | {"counts": dict(counts)}
