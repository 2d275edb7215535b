"""Claim jobs for the threads of a process: those that want one at the same time share a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.jobs.attempts.claim_jobs import claim_jobs
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from worker.rendering.attempt.group_work import GroupWork

#: The most jobs that one statement claims.
_MOST = 16

#: Is called with what a thread has been given, before the next claim is prepared.
_Take = Callable[[ClaimedAttempt], None]


class GroupClaimer:
    """What the threads of a process share. When a batch has been drawn all of them want a job, and a claim costs nearly the
    same for one as for all.
    """

    def __init__(self, describe: Callable[[], ClaimingWorker]) -> None:
        """`describe` returns who claims, with what it would rather have at that moment."""
        self._describe = describe
        self._group = GroupWork(self._claim)

    def claim(self, take: _Take) -> ClaimedAttempt | None:
        """Returns the next job, committed under a lease, or None if there is none. `take` is called with it before the worker
        is described for another claim. Raises what a database that does not answer raises.
        """
        return self._group.do(take)

    def _claim(self, takes: Sequence[_Take]) -> list[ClaimedAttempt | None]:
        # Each number is a statement of its own, which PostgreSQL has to plan: only powers of two are asked for.
        count = 1 << (min(len(takes), _MOST).bit_length() - 1)
        claimed = claim_jobs(self._describe(), count=count)
        for take, attempt in zip(takes, claimed.attempts, strict=False):
            take(attempt)
        if claimed.may_be_more:
            return [*claimed.attempts]
        return [*claimed.attempts, *[None] * (count - len(claimed.attempts))]
