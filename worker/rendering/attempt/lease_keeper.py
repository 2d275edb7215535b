"""Keep an attempt's lease alive while its job's thread works, and bring back what the renewals show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from structlog.contextvars import bind_contextvars, get_contextvars

from core.database import transaction
from core.errors import LeaseLost
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.lease import renew_lease
from core.logs import describe_error
from core.settings import Settings
from worker.rendering.errors import DeadlinePassed, JobCancelled, WorkerDraining, WorkPaused
from worker.rendering.process.drain import Drain
from worker.rendering.watch_steps import StepEnd

#: Seconds between two checks; progress is recorded this often.
_PROGRESS_SECONDS = 0.5

#: Share of the lease after which, without a renewal, the attempt counts itself as lost: before anyone else may start.
_SELF_FENCE = 0.8

_log = structlog.get_logger()


class LeaseKeeper:
    """The heartbeat of one attempt. The renderer reports each step to it, and learns from it when to stop."""

    def __init__(
        self, attempt: ClaimedAttempt, settings: Settings, drain: Drain, *, on_stuck: Callable[[], None]
    ) -> None:
        """`on_stuck` is called when a step does not end."""
        self._attempt = attempt
        self._settings = settings
        self._drain = drain
        self._on_stuck = on_stuck
        #: The checkpoint that a row names as the job's, and the one that it is to name.
        self.named_checkpoint = attempt.checkpoint
        self._checkpoint = attempt.checkpoint
        # The attempt's row starts with it, too.
        self._step = self._written_step = attempt.resume_step
        self._renewed_at = time.monotonic()
        self._progressed_at = time.monotonic()
        self._is_lost = False
        self._is_cancelled = False
        self._is_over = False
        self._is_paused = False
        self._is_stopped = False
        self._woken = threading.Event()
        self._may_be_cancelled = False
        #: One renewal at a time.
        self._renewing = threading.Lock()

    @property
    def step(self) -> int:
        """Denoising steps done, of those that were asked for."""
        return self._step

    def expect_cancel(self) -> None:
        """The job may have been cancelled: its row shows it at the end of the step, or when it is checked next."""
        self._may_be_cancelled = True

    def reach_step(self, end: StepEnd) -> None:
        """A denoising step is done. Raises what `check_wanted` raises."""
        # Counted in the steps that were asked for: schedulers of second order take more.
        self._step = end.step * self._attempt.steps // end.steps
        self.check_wanted()

    def check_wanted(self) -> None:
        """Between steps, and while the job waits for its model. Raises WorkerDraining, WorkPaused, and what `check_held`
        raises.
        """
        self.check_held()
        if self._is_paused:
            raise WorkPaused
        if self._drain.is_over:
            raise WorkerDraining

    def check_held(self) -> None:
        """Raises LeaseLost, JobCancelled or DeadlinePassed if the attempt is to end. (A drain does not end it: rendered images
        are kept.)
        """
        self._progressed_at = time.monotonic()
        if self._may_be_cancelled:
            self._may_be_cancelled = False
            self._renew()
        if self._is_lost or self._is_overdue():
            raise LeaseLost
        if self._is_cancelled:
            raise JobCancelled
        if self._is_over:
            raise DeadlinePassed

    def name_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Makes this checkpoint, which lies in the bucket by now, the job's: a renewal of the lease records it at once."""
        self._checkpoint = checkpoint
        self._woken.set()

    def beat_until_stopped(self) -> None:
        """Renews the lease every heartbeat, and sooner if there is progress or a checkpoint to record."""
        while not self._is_stopped:
            self._woken.wait(_PROGRESS_SECONDS)
            self._woken.clear()
            if self._is_stopped:
                return
            if self._is_stuck():
                _log.error("attempt_stuck", step=self._step, timeout_seconds=self._settings.stuck_after_seconds)
                self._on_stuck()
                return
            is_due = time.monotonic() - self._renewed_at >= self._settings.heartbeat_seconds
            has_news = self._step != self._written_step or self._checkpoint is not self.named_checkpoint
            # A lost lease is not renewed; its step is watched all the same, since the thread may hang.
            if not self._is_lost and (is_due or has_news):
                self._renew()

    def stop(self) -> None:
        """Ends the heartbeats."""
        self._is_stopped = True
        self._woken.set()

    def _renew(self) -> None:
        with self._renewing:
            self._renew_alone()

    def _renew_alone(self) -> None:
        step, checkpoint = self._step, self._checkpoint
        started = time.monotonic()
        try:
            with transaction() as session:
                renewal = renew_lease(
                    session,
                    attempt_id=self._attempt.id,
                    step=step,
                    lease_seconds=self._settings.lease_seconds,
                    checkpoint=None if checkpoint is self.named_checkpoint else checkpoint,
                )
        except LeaseLost:
            self._is_lost = True
        except Exception as error:  # noqa: BLE001
            # The database may be back before the lease is over; until then the next beat tries again.
            _log.warning("lease_not_renewed", error=describe_error(error))
        else:
            # Counted from before the statement, so that our clock never runs behind the database's.
            self._renewed_at = started
            self._written_step = step
            self.named_checkpoint = checkpoint
            self._is_cancelled = renewal.cancel_requested
            self._is_over = renewal.deadline_passed
            self._is_paused = renewal.is_paused

    def _is_stuck(self) -> bool:
        return time.monotonic() - self._progressed_at > self._settings.stuck_after_seconds

    def _is_overdue(self) -> bool:
        return time.monotonic() - self._renewed_at > self._settings.lease_seconds * _SELF_FENCE


@contextmanager
def keep_lease(
    attempt: ClaimedAttempt, settings: Settings, drain: Drain, *, on_stuck: Callable[[], None]
) -> Iterator[LeaseKeeper]:
    """Keeps the attempt's lease: a thread of its own renews it until the block ends, or until a step does not end."""
    keeper = LeaseKeeper(attempt, settings, drain, on_stuck=on_stuck)
    context = get_contextvars()

    def beat() -> None:
        bind_contextvars(**context)
        keeper.beat_until_stopped()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.stop()
        thread.join()
