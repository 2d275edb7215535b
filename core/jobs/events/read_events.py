"""Read the events of one job after a number, as they stand now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.jobs.events.attempt_events import list_attempt_events
from core.jobs.events.event import JobEvent
from core.jobs.events.job_history import JobHistory, read_histories
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_views
from core.jobs.views.read_jobs import describe_absence
from core.jobs.views.select_rows import LISTED_FIELDS
from core.live_events.message import Progress


@dataclass(frozen=True)
class JobEvents:
    """The events of a job after a number."""

    events: list[JobEvent]
    is_finished: bool


def get_history(session: Session, *, account_id: UUID, job_id: UUID) -> JobHistory:
    """The history of the account's job. Raises JobNotFound and JobDeleted."""
    history = read_histories(session.connection(), [job_id]).get(job_id)
    if history is None or history.account_id != account_id:
        raise describe_absence(session, account_id=account_id, job_id=job_id)
    return history


def list_events(session: Session, history: JobHistory, reported: Collection[Progress], *, after: int) -> JobEvents:
    """The job's events whose numbers are larger than `after`; `reported` is what Redis has of its attempts."""
    events = [event for event in merge_events(history, reported) if event.number > after]
    if events and events[-1].type == "finished":
        jobs = read_finished_jobs(session, [history.job_id])
        events[-1] = replace(events[-1], details=jobs[history.job_id])
    return JobEvents(events, history.is_finished)


def merge_events(history: JobHistory, reported: Collection[Progress], *, step_known: int = 0) -> list[JobEvent]:
    """What rows and reports show together, in order."""
    events = [*history.events, *list_attempt_events(history, reported, step_known=step_known)]
    return sorted(events, key=lambda event: event.number)


def read_finished_jobs(session: Session, job_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """The jobs as a list shows them, JSON-ready, with fresh download addresses: what their `finished` events carry."""
    jobs = session.scalars(select(Job).where(Job.id.in_(job_ids))).all()
    views = build_job_views(session, jobs, read=LISTED_FIELDS)
    return {job.id: view.model_dump(mode="json") for job, view in zip(jobs, views, strict=True)}
