"""End a job: the one place that moves it to any end but success, and records the event of it.

Its twin is `write_successes`, which does the same in SQL text for many successes at once. A test compares what they write.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.jobs.priority import HELD
from core.jobs.queue.running_limit import has_held_jobs, release_next
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.status import FINISHED, TRANSITIONS, JobStatus
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_views
from core.settings import get_settings
from core.webhooks.record_event import record_event


def end_job(session: Session, job: Job, status: JobStatus) -> None:
    """Moves a job, whose row the caller has locked, to its end, and records the event and its deliveries. If its account
    runs as many jobs as it may, the next one can be claimed.
    """
    if status not in FINISHED & TRANSITIONS[JobStatus(job.status)]:
        raise AssertionError(f"a {job.status} job cannot become {status}")
    job.status = status
    # On the connection: a query of the session would write the job while it is only half set.
    now, artifact_seconds, job_seconds = (
        session.connection()
        .execute(
            select(func.clock_timestamp(), Account.artifact_retention_seconds, Account.job_retention_seconds).where(
                Account.id == job.account_id
            )
        )
        .one()
    )
    policy = RetentionPolicy.of(get_settings(), artifact_seconds=artifact_seconds, job_seconds=job_seconds)
    job.finished_at = now
    job.expires_at, job.row_expires_at = policy.build_expiries(now, asked=job.retention_seconds)
    session.flush()
    _, others_are_held = session.execute(
        select(Job, has_held_jobs(job.account_id)).where(Job.id == job.id),
        execution_options={"populate_existing": True},
    ).one()
    [view] = build_job_views(session, [job], with_urls=False)
    record_event(
        session,
        account_id=job.account_id,
        job_id=job.id,
        request_id=job.request_id,
        type_=f"job.{status}",
        data=view.model_dump_json(),
    )
    if others_are_held and job.priority < HELD:
        release_next(session, account_id=job.account_id)
