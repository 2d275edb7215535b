"""Whether a worker that could work does: a worker that has stopped hearing its rings looks just like an idle one."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.database import find_read_only_reason, transaction
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.jobs.queue.claimable import has_claimable

#: Seconds between checks; the database is asked no more often.
_LOOK_SECONDS = 3.0

_log = structlog.get_logger()


class Liveness:
    """Measures for how long there has been work for one worker that it did not look for.

    A database that does not answer, or takes no writes, does not count against the worker. Neither does a dead Redis: a new process would be
    just as deaf. Neither does a dead sweep: if there is no ring for the work, this class rings.
    """

    def __init__(
        self, *, pool: str, could_claim: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`could_claim` returns whether the worker would take a job now, if it heard a ring."""
        self._pool = pool
        self._could_claim = could_claim
        self._clock = clock
        self._deaf_seconds = 0.0
        self._checked_at = clock()

    def note_look(self) -> None:
        """The worker has looked into the queue."""
        self._deaf_seconds = 0.0

    def watch(self, *, patience_seconds: float, is_over: Callable[[], bool], give_up: Callable[[], None]) -> None:
        """Check until the worker shuts down, or call `give_up` once it was deaf for `patience_seconds`."""
        while not is_over():
            time.sleep(min(_LOOK_SECONDS, patience_seconds / 4))
            deaf_seconds = self.check()
            if deaf_seconds >= patience_seconds:
                _log.error("worker_deaf", pool=self._pool, seconds=round(deaf_seconds, 1))
                give_up()

    def check(self) -> float:
        """The seconds for which the worker has not heard of work that it could do."""
        now = self._clock()
        # At most two intervals: a time in which the whole process stood still does not count as deaf.
        elapsed, self._checked_at = min(now - self._checked_at, 2 * _LOOK_SECONDS), now
        before = self._deaf_seconds
        if self._could_claim() and self._has_work() and self._is_rung_for():
            # Not added in place: the worker may have looked during the check, and then the count starts over.
            self._deaf_seconds = before + elapsed if self._deaf_seconds == before else 0.0
        else:
            self._deaf_seconds = 0.0
        return self._deaf_seconds

    def _has_work(self) -> bool:
        try:
            with transaction() as session:
                # A database that takes no writes has no work either, for any worker.
                return find_read_only_reason(session.connection()) is None and has_claimable(session, pool=self._pool)
        except SQLAlchemyError:
            return False

    def _is_rung_for(self) -> bool:
        doorbell = get_doorbell()
        waiting = doorbell.count_waiting(render_queue(self._pool))
        return waiting is not None and (waiting > 0 or doorbell.ring(render_queue(self._pool), RENDER_NEXT))
