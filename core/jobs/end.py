"""End a job: the one place that moves it to an end, and that makes the event of it."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.orm import Session

from core.jobs.build_view import build_job_views
from core.jobs.status import FINISHED, TRANSITIONS, JobStatus
from core.jobs.tables import Job
from core.webhooks.record_event import record_event


def end_job(session: Session, job: Job, status: JobStatus) -> None:
    """Move a job, whose row the caller has locked, to its end, and write the event and its deliveries beside it."""
    if status not in FINISHED & TRANSITIONS[JobStatus(job.status)]:
        raise AssertionError(f"a {job.status} job cannot become {status}")
    job.status = status
    job.finished_at = func.clock_timestamp()
    session.flush()
    session.refresh(job)
    [view] = build_job_views(session, [job], with_urls=False)
    record_event(
        session,
        account_id=job.account_id,
        job_id=job.id,
        request_id=job.request_id,
        type_=f"job.{status}",
        data=view.model_dump(mode="json"),
    )
