"""Give a worker the next job of its pool, under a lease."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.database import autocommit, transaction
from core.fault_points import fault_point
from core.jobs.attempts.affinity import LockedJob, Preference, choose_first, choose_preferred
from core.jobs.attempts.checkpoints import StoredCheckpoint, find_checkpoint
from core.jobs.attempts.open_attempt import OpenedAttempt, open_attempt, open_first
from core.jobs.queue.running_limit import hold_jobs, may_run
from core.jobs.request.input_images import list_input_ids


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


@dataclass(frozen=True, kw_only=True)
class ClaimingWorker:
    """A worker that looks for its next jobs."""

    pool: str
    worker_id: str
    lease_seconds: float
    #: What it would rather have.
    prefer: Preference | None = None
    #: Of accounts without a limit of their own.
    max_running_jobs: int | None = None


class ClaimResult(NamedTuple):
    """What was claimed at once."""

    attempts: list[ClaimedAttempt]
    #: How many jobs there are. Where they are more than were claimed, `claim_next` has a closer look at them.
    found: int


def claim_next(claimant: ClaimingWorker) -> ClaimedAttempt | None:
    """As `claim_job`, committed: nearly always by the one statement that it takes.

    For that moment the first job of the queue is locked, also where another one is taken then. Who finds all of them
    locked has missed nothing: as many claims are under way.
    """
    claimed = claim_together(claimant, count=1)
    if claimed.attempts or claimed.found == 0:
        return next(iter(claimed.attempts), None)
    with transaction() as session:
        attempt = claim_job(session, claimant)
        if attempt is not None:
            fault_point("in_claim")
    return attempt


def claim_together(claimant: ClaimingWorker, *, count: int) -> ClaimResult:
    """What that many calls of `claim_next` do with one statement each, by one for all."""
    if claimant.max_running_jobs is not None:
        # Each account's running jobs have to be counted.
        return ClaimResult([], found=count)
    with autocommit() as connection:
        first = open_first(
            connection,
            pool=claimant.pool,
            prefer=claimant.prefer,
            worker_id=claimant.worker_id,
            lease_seconds=claimant.lease_seconds,
            count=count,
        )
        # It asks nothing but of jobs that start from images or a checkpoint.
        with Session(connection) as session:
            return ClaimResult([_describe(session, opened) for opened in first.opened], found=first.found)


def claim_job(session: Session, claimant: ClaimingWorker) -> ClaimedAttempt | None:
    """Open an attempt of the first job that is available in the pool, in fair order, or None where there is none.

    With a preference, a job that suits the worker better may pass a few others: `choose_preferred` says which. The lease
    starts now, on the database's clock. Workers that claim at once take different jobs. A job whose account runs as many
    as it may is passed.
    """
    while (chosen := _choose(session, claimant.pool, claimant.prefer)) is not None:
        job = chosen.job
        limit = claimant.max_running_jobs if job.own_limit is None else job.own_limit
        if limit is None or may_run(session, account_id=job.account_id, limit=limit):
            opened = open_attempt(session, chosen, worker_id=claimant.worker_id, lease_seconds=claimant.lease_seconds)
            return _describe(session, opened)
        hold_jobs(session, job_id=job.id, account_id=job.account_id)
    return None


def _choose(session: Session, pool: str, prefer: Preference | None) -> LockedJob | None:
    if prefer is not None and not prefer.is_empty:
        chosen = choose_preferred(session, pool=pool, prefer=prefer)
        if chosen is not None:
            return chosen
    # Also where others hold all the rows that were looked at: there may be more behind them.
    return choose_first(session, pool=pool)


def _describe(session: Session, opened: OpenedAttempt) -> ClaimedAttempt:
    job = opened.job
    return ClaimedAttempt(
        id=opened.attempt_id,
        job_id=job.id,
        account_id=job.account_id,
        attempt_number=opened.attempt_number,
        model=job.model,
        model_revision=job.model_revision,
        request=job.request,
        seed=job.seed,
        request_id=job.request_id,
        waited_seconds=(job.now - job.available_at).total_seconds(),
        inputs=_find_inputs(session, job.request, account_id=job.account_id),
        checkpoint=find_checkpoint(session, job_id=job.id) if opened.attempt_number > 1 else None,
    )


def _find_inputs(session: Session, request: dict[str, Any], *, account_id: UUID) -> dict[str, ClaimedInput | None]:
    ids = list_input_ids(request)
    if not ids:
        return {}
    rows = session.scalars(select(Artifact).where(Artifact.id.in_(ids.values()), Artifact.account_id == account_id))
    found = {row.id: ClaimedInput(row.storage_key, row.sha256, is_own=row.kind == ArtifactKind.INPUT) for row in rows}
    return {name: found.get(id_) for name, id_ in ids.items()}
