"""Claim jobs for the threads of a process: for those that want one at the same time together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from core.database import is_unavailable
from core.jobs.attempts.claim import ClaimedAttempt, ClaimingWorker, claim_next, claim_together
from worker.rendering.attempt.group_work import GroupWork

#: The most that one statement claims.
_MOST = 16

_log = structlog.get_logger()


@dataclass
class _Wish:
    """A thread that wants a job."""

    take: Callable[[ClaimedAttempt], None]
    attempt: ClaimedAttempt | None = None
    #: There are jobs, and it takes a closer look to say which of them this worker may have.
    needs_closer_look: bool = False
    error: Exception | None = None


class GroupClaimer:
    """What the threads of a process share. When a batch has been drawn all of them want a job, and a claim costs nearly the
    same for one as for all.
    """

    def __init__(self, describe: Callable[[], ClaimingWorker]) -> None:
        #: Who claims, with what it would rather have at the moment.
        self._describe = describe
        self._group = GroupWork(self._claim_for)

    def claim(self, take: Callable[[ClaimedAttempt], None]) -> ClaimedAttempt | None:
        """The next job, committed under a lease; None where there is none. `take` is called with it before anybody is asked
        what to claim next. Raises what a database that does not answer raises.
        """
        wish = _Wish(take)
        self._group.do(wish)
        if wish.error is not None and is_unavailable(wish.error):
            raise wish.error
        if wish.needs_closer_look or wish.error is not None:
            wish.attempt = claim_next(self._describe())
            if wish.attempt is not None:
                take(wish.attempt)
        return wish.attempt

    def _claim_for(self, wishes: list[_Wish]) -> int:
        # Each number is a statement of its own, which PostgreSQL has to plan: only powers of two are asked for.
        count = 1 << (min(len(wishes), _MOST).bit_length() - 1)
        served = wishes[:count]
        try:
            claimed = claim_together(self._describe(), count=count)
        except Exception as error:  # noqa: BLE001  (raised by each thread itself, or it looks again by itself)
            _log.warning("jobs_not_claimed_group", count=count, error=str(error))
            for wish in served:
                wish.error = error
            return count
        for number, wish in enumerate(served):
            if number < len(claimed.attempts):
                wish.attempt = claimed.attempts[number]
                wish.take(wish.attempt)
            else:
                wish.needs_closer_look = number < claimed.found
        return count
