"""All that the walk has done so far: accounts, jobs, and what must be true of them together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from tests.lifecycle_walk.model import ModelAttempt, ModelJob
from tests.lifecycle_walk.orders import Order
from tests.lifecycle_walk.workers import LAST_STEP, How, checkpoint_of


@dataclass
class ModelAccount:
    """An account."""

    id: UUID
    max_queued_jobs: float = math.inf
    max_running_jobs: float = math.inf
    #: By idempotency key, what was asked for and the job that it became.
    keys: dict[str | None, tuple[Order, UUID]] = field(default_factory=dict)
    #: What its pause does to running jobs; None: it is not paused.
    pause: str | None = None
    #: Whether a job that could run may wait for the next sweep, because a limit held it back.
    may_be_held_back: bool = False
    #: Whether more jobs may have come to wait since they were counted: from a retry, or under a higher limit.
    is_count_late: bool = False

    def set_limit(self, name: str, limit: int | None) -> None:
        setattr(self, name, math.inf if limit is None else limit)
        if name == "max_running_jobs":
            self.may_be_held_back = True
        else:
            self.is_count_late = True


class Walked:
    """The model as a whole."""

    def __init__(self, account_ids: Iterable[UUID]) -> None:
        self.accounts = {account_id: ModelAccount(account_id) for account_id in account_ids}
        self.jobs: dict[UUID, ModelJob] = {}
        #: Of which nothing is left but a receipt, by its id.
        self.deleted: dict[str, ModelJob] = {}
        #: What an operator has paused: models of the pool; None: the pool itself.
        self.paused: set[str | None] = set()
        #: Seconds since the last sweep.
        self.unswept = 0

    @property
    def are_all_finished(self) -> bool:
        return all(job.is_finished for job in self.jobs.values())

    def count(self, account: ModelAccount, status: str) -> int:
        return sum(job.account_id == account.id and job.status == status for job in self.jobs.values())

    def find(self, attempt: ClaimedAttempt) -> tuple[ModelJob, ModelAttempt]:
        [job] = [job for job in (*self.jobs.values(), *self.deleted.values()) if job.id == attempt.job_id]
        return job, job.attempts[attempt.attempt_number - 1]

    def is_to_be_put_back(self, job: ModelJob) -> bool:
        """What heartbeats of the job's attempt say."""
        return bool(self.paused) or self.accounts[job.account_id].pause == "put_back"

    def find_receipt(self, job_id: UUID) -> str | None:
        """The id of the receipt, if the job has been deleted."""
        return next((receipt for receipt, job in self.deleted.items() if job.id == job_id), None)

    def check_claim(self, attempt: ClaimedAttempt | None, now: int) -> None:
        """Whether this job may be claimed, and none goes before it; or whether there was really none."""
        allowed = [job for job in self.jobs.values() if job.is_claimable(now) and self._may_run(job)]
        # What a limit holds is released by the end of another job, or by the sweep.
        sure = [job for job in allowed if not self.accounts[job.account_id].may_be_held_back]
        if attempt is None:
            assert sure == []
            return
        job = self.jobs[attempt.job_id]
        assert job in allowed
        assert job.priority <= min((other.priority for other in sure), default=job.priority)
        assert attempt.account_id == job.account_id
        assert attempt.checkpoint == job.checkpoint
        assert attempt.attempt_number == job.claim(attempt.id, now).number

    def end(self, job: ModelJob, how: How, attempt: ClaimedAttempt, now: int) -> None:
        """The attempt, which held its job, has ended."""
        match how:
            case "success":
                job.succeed(now)
            case "cancellation":
                job.acknowledge_cancel()
            case "interruption":
                job.interrupt(None, now)
            case "interruption with a checkpoint":
                job.interrupt(checkpoint_of(attempt, LAST_STEP), now)
            case _:
                job.fail(how, now)
        self._note_return(job)

    def sweep(self, now: int) -> None:
        """What one sweep does."""
        for job in self.jobs.values():
            job.sweep(now)
            self._note_return(job)
        for account in self.accounts.values():
            account.may_be_held_back &= account.max_running_jobs < math.inf
        self.unswept = 0

    def describe(self, now: int) -> dict[UUID, dict[str, Any]]:
        """What all rows must say."""
        return {job.id: job.describe(now) for job in self.jobs.values()}

    def _note_return(self, job: ModelJob) -> None:
        if job.status == "queued" and job.attempts:
            self.accounts[job.account_id].is_count_late = True

    def _may_run(self, job: ModelJob) -> bool:
        account = self.accounts[job.account_id]
        is_paused = bool(self.paused) or account.pause is not None
        return not is_paused and self.count(account, "running") < account.max_running_jobs
