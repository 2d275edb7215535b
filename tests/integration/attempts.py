"""What a worker does to the database in one attempt, without rendering."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.artifacts.keys import build_storage_key
from core.artifacts.outputs import StoredImage
from core.database import transaction
from core.jobs.attempts.claim_jobs import claim_jobs
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.lease import renew_lease
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.cancel import cancel_job
from core.jobs.outcomes.deadlines import fail_overdue_queued
from core.jobs.outcomes.record_outcome import record_failure
from core.jobs.outcomes.rendered import Rendered
from core.jobs.outcomes.rescue import fail_overdue_running, rescue_expired
from core.jobs.status import JobStatus
from core.jobs.tables import Job, JobAttempt
from tests.integration.conftest import Submit
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

_SUCCESSES = GroupSuccessWriter()

_INTERNAL = Failure(FailureCode.INTERNAL, "it broke")


def claim(worker_id: str = "worker-a") -> ClaimedAttempt | None:
    """Claim the next job of the default pool."""
    worker = ClaimingWorker(pool="default", worker_id=worker_id, lease_seconds=30)
    return next(iter(claim_jobs(worker).attempts), None)


def claim_one(worker_id: str = "worker-a") -> ClaimedAttempt:
    """Claim the next job; there must be one."""
    attempt = claim(worker_id)
    assert attempt is not None
    return attempt


def claim_all() -> list[UUID]:
    """Claim until nothing is left."""
    claimed = []
    while (attempt := claim()) is not None:
        claimed.append(attempt.job_id)
    return claimed


def rendered(attempt: ClaimedAttempt) -> Rendered:
    """What a successful render of the attempt brings."""
    key = build_storage_key(job_id=attempt.job_id, attempt_number=attempt.attempt_number, position=0, extension="png")
    image = StoredImage(0, key, "image/png", 100, hashlib.sha256(b"pixels").hexdigest(), 128, 128, attempt.seed)
    return Rendered(images=[image], receipt={"model": {"id": attempt.model}}, warnings=[], render_ms=10, upload_ms=5)


def succeed(attempt: ClaimedAttempt) -> JobStatus:
    """Record the attempt's success as a worker does."""
    return _SUCCESSES.write(attempt_id=attempt.id, rendered=rendered(attempt))


def end_a_job(account_id: UUID, submit: Submit) -> UUID:
    """Send a job and let it succeed."""
    job_id = submit(account_id)
    assert succeed(claim_one()) == "succeeded"
    return job_id


def expire_lease(attempt: ClaimedAttempt) -> None:
    """Let the attempt's lease run out, as if its worker had been silent for 30 s."""
    with transaction() as session:
        session.execute(
            text("update job_attempts set lease_expires_at = now() - interval '1 second' where id = :id"),
            {"id": attempt.id},
        )


def make_available(job_id: UUID) -> None:
    """End the job's back-off now."""
    with transaction() as session:
        session.get_one(Job, job_id).available_at = func.now()


def read_job(session: Session, job_id: UUID) -> Job:
    """The job's row."""
    return session.get_one(Job, job_id)


def attempt_statuses(session: Session, job_id: UUID) -> list[str]:
    """What became of the job's attempts, in order."""
    query = select(JobAttempt.status).where(JobAttempt.job_id == job_id).order_by(JobAttempt.attempt_number)
    return list(session.scalars(query))


def count_jobs() -> int:
    """The number of jobs of all accounts."""
    with transaction() as session:
        return session.scalars(select(func.count()).select_from(Job)).one()


def pass_deadline(job_id: UUID, *, seconds: float = 1, of_the_start: bool = False) -> None:
    """Move the job's deadline (or its start deadline) to this many seconds ago."""
    column = "start_deadline_at" if of_the_start else "deadline_at"
    with transaction() as session:
        session.execute(
            text(f"update jobs set {column} = clock_timestamp() - make_interval(secs => :seconds) where id = :id"),
            {"seconds": seconds, "id": job_id},
        )


def end_overdue() -> set[UUID]:
    """Run the sweep's work on deadlines, and return the ids of the jobs that it ended."""
    with transaction() as session:
        return {job.id for job in [*fail_overdue_queued(session), *fail_overdue_running(session)]}


def sweep() -> int:
    """Rescue expired attempts, and return how many jobs that were."""
    with transaction() as session:
        return len(rescue_expired(session))


def cancel(account_id: UUID, job_id: UUID) -> None:
    """Cancel a job as its sender."""
    with transaction() as session:
        cancel_job(session, account_id=account_id, job_id=job_id)


def renew(attempt_id: UUID) -> bool:
    """Renew an attempt's lease, and return whether its job is to be cancelled."""
    with transaction() as session:
        return renew_lease(session, attempt_id=attempt_id, step=3, lease_seconds=30).cancel_requested


def fail(attempt_id: UUID) -> str:
    """Record a failure that is worth another attempt."""
    with transaction() as session:
        return record_failure(session, attempt_id=attempt_id, failure=_INTERNAL)


def in_transaction(outcome: Callable[..., str], attempt_id: UUID) -> str:
    """Record an outcome in a transaction of its own."""
    with transaction() as session:
        return outcome(session, attempt_id=attempt_id)
