"""Give a worker the next job of its pool, under a lease."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import seconds_from_now
from core.ids import new_id
from core.jobs.affinity import Chosen, Preference, choose_first, choose_preferred
from core.jobs.checkpoints import StoredCheckpoint, find_checkpoint
from core.jobs.denoising_steps import count_denoising_steps
from core.jobs.fair_queue import advance_pool_clock
from core.jobs.input_images import list_input_ids
from core.jobs.running_limit import hold_back, may_run
from core.jobs.status import JobStatus
from core.jobs.tables import Job, JobAttempt


@dataclass(frozen=True)
class ClaimedInput:
    """An image that the job starts from, as it lies in the bucket."""

    storage_key: str
    #: Of its bytes.
    sha256: str
    #: Whether it came with the request; otherwise it is another job's output, and may go with that.
    is_own: bool


@dataclass(frozen=True)
class ClaimedAttempt:
    """All that a worker needs to render one attempt without asking the database again."""

    #: The fencing token.
    id: UUID
    job_id: UUID
    account_id: UUID
    attempt_number: int
    model: str
    model_revision: str
    request: dict[str, Any]
    seed: int
    request_id: str
    #: Seconds from the job becoming available to this claim.
    waited_seconds: float
    #: By the field of the request; None where the artifact is not there any more.
    inputs: dict[str, ClaimedInput | None] = field(default_factory=dict)
    #: Where an earlier attempt's render can be gone on with from.
    checkpoint: StoredCheckpoint | None = None

    @property
    def image_seeds(self) -> list[int]:
        """The seed of every image of the job: image i is drawn from seed + i."""
        return [self.seed + index for index in range(self.request["num_images"])]


def claim_job(
    session: Session,
    *,
    pool: str,
    worker_id: str,
    lease_seconds: float,
    prefer: Preference | None = None,
    max_running_jobs: int | None = None,
) -> ClaimedAttempt | None:
    """Open an attempt of the first job that is available in the pool, in fair order, or None where there is none.

    With a preference, a job that suits the worker better may pass a few others: `choose_preferred` says which. The lease
    starts now, on the database's clock. Workers that claim at once take different jobs. A job whose account runs as many
    as it may is passed (`max_running_jobs`: of accounts without a limit of their own).
    """
    while (chosen := _choose(session, pool, prefer)) is not None:
        account_id = chosen.job.account_id
        now, own_limit = session.execute(
            select(func.clock_timestamp(), Account.max_running_jobs).where(Account.id == account_id)
        ).one()
        limit = max_running_jobs if own_limit is None else own_limit
        if limit is None or may_run(session, account_id=account_id, limit=limit):
            return _open_attempt(session, chosen, now, worker_id=worker_id, lease_seconds=lease_seconds)
        hold_back(session, chosen.job)
    return None


def _choose(session: Session, pool: str, prefer: Preference | None) -> Chosen | None:
    if prefer is not None and not prefer.is_empty:
        chosen = choose_preferred(session, pool=pool, prefer=prefer)
        if chosen is not None:
            return chosen
    # Also where others hold all the rows that were looked at: there may be more behind them.
    return choose_first(session, pool=pool)


def _open_attempt(
    session: Session, chosen: Chosen, now: datetime, *, worker_id: str, lease_seconds: float
) -> ClaimedAttempt:
    job = chosen.job
    attempt = JobAttempt(
        id=new_id(),
        account_id=job.account_id,
        job_id=job.id,
        attempt_number=job.attempts_opened + 1,
        worker_id=worker_id,
        lease_expires_at=seconds_from_now(lease_seconds),
        heartbeat_at=now,
        steps=count_denoising_steps(job.request),
        started_at=now,
    )
    session.add(attempt)
    job.status = JobStatus.RUNNING
    job.attempts_opened += 1
    job.attempts_used += 1
    job.current_attempt_id = attempt.id
    job.started_at = job.started_at or now
    session.flush()
    advance_pool_clock(session, pool=job.pool, fair_position=chosen.fair_position, priority=job.priority)
    return ClaimedAttempt(
        id=attempt.id,
        job_id=job.id,
        account_id=job.account_id,
        attempt_number=attempt.attempt_number,
        model=job.model,
        model_revision=job.model_revision,
        request=job.request,
        seed=job.seed,
        request_id=job.request_id,
        waited_seconds=(now - job.available_at).total_seconds(),
        inputs=_find_inputs(session, job),
        checkpoint=find_checkpoint(session, job_id=job.id) if attempt.attempt_number > 1 else None,
    )


def _find_inputs(session: Session, job: Job) -> dict[str, ClaimedInput | None]:
    ids = list_input_ids(job.request)
    if not ids:
        return {}
    rows = session.scalars(select(Artifact).where(Artifact.id.in_(ids.values()), Artifact.account_id == job.account_id))
    found = {row.id: ClaimedInput(row.storage_key, row.sha256, is_own=row.kind == ArtifactKind.INPUT) for row in rows}
    return {name: found.get(id_) for name, id_ in ids.items()}
