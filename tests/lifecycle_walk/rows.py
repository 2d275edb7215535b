"""What the tables say of every job, in the words of the model."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.priority import HELD
from core.jobs.tables import Job, JobAttempt


def describe_jobs(session: Session) -> dict[UUID, dict[str, Any]]:
    """Every job there is."""
    described: dict[UUID, dict[str, Any]] = {
        job.id: {
            "account": job.account_id,
            "status": job.status,
            "failure_code": job.failure_code,
            "is_cancel_requested": job.cancel_requested_at is not None,
            "priority": job.priority % HELD,
            "used": job.attempts_used,
            "current": job.current_attempt_id if job.status in {"running", "succeeded"} else None,
            "attempts": [],
        }
        for job in session.scalars(select(Job))
    }
    attempts = session.execute(
        select(JobAttempt, JobAttempt.lease_expires_at > func.clock_timestamp()).order_by(JobAttempt.attempt_number)
    )
    for attempt, is_leased in attempts:
        checkpoint = attempt.checkpoint and StoredCheckpoint.of(attempt.checkpoint)
        described[attempt.job_id]["attempts"].append(
            (attempt.id, attempt.attempt_number, attempt.status, is_leased, checkpoint)
        )
    return described
