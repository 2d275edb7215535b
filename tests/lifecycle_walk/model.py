"""What must be true of jobs, written a second time and without a database. Times are seconds of the walk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.priority import PRIORITIES
from tests.lifecycle_walk.orders import Order

LEASE_SECONDS = 30
MAX_ATTEMPTS = 3

#: Seconds before the second and the third attempt.
_BACKOFF = {"lease_expired": (0, 10), "internal": (2, 10)}

#: Seconds after a deadline from which the sweep does not wait for the worker any more.
_OVERDUE_SECONDS = 30


@dataclass
class ModelAttempt:
    """One try of a job."""

    id: UUID
    number: int
    leased_until: int
    status: str = "running"
    checkpoint: StoredCheckpoint | None = None


@dataclass
class ModelJob:
    """A job that was accepted."""

    id: UUID
    account_id: UUID
    priority: int
    available_at: int
    start_deadline_at: int | None
    deadline_at: int | None
    status: str = "queued"
    failure_code: str | None = None
    is_cancel_requested: bool = False
    used: int = 0
    attempts: list[ModelAttempt] = field(default_factory=list)

    @classmethod
    def accepted(cls, id_: UUID, account_id: UUID, order: Order, *, now: int) -> ModelJob:
        return cls(
            id_,
            account_id,
            PRIORITIES[order.priority],
            now,
            start_deadline_at=None if order.start_deadline is None else now + order.start_deadline,
            deadline_at=None if order.deadline is None else now + order.deadline,
        )

    @property
    def is_finished(self) -> bool:
        return self.status in {"succeeded", "failed", "cancelled"}

    @property
    def current(self) -> ModelAttempt:
        return self.attempts[-1]

    @property
    def checkpoint(self) -> StoredCheckpoint | None:
        """The checkpoint that the next attempt resumes from."""
        for attempt in reversed(self.attempts):
            if attempt.checkpoint is not None or attempt.status == "failed":
                return attempt.checkpoint
        return None

    def is_claimable(self, now: int) -> bool:
        return self.status == "queued" and self.available_at <= now and self._missed_deadline(now) is None

    def holds(self, attempt: ModelAttempt, now: int) -> bool:
        """Whether the attempt may still write."""
        return self.status == "running" and attempt is self.current and attempt.leased_until > now

    def claim(self, attempt_id: UUID, now: int) -> ModelAttempt:
        self.status = "running"
        self.used += 1
        self.attempts.append(ModelAttempt(attempt_id, len(self.attempts) + 1, now + LEASE_SECONDS))
        return self.current

    def cancel(self) -> None:
        self.is_cancel_requested = True
        if self.status == "queued":
            self.status = "cancelled"

    def succeed(self, now: int) -> None:
        if self.is_cancel_requested:
            self.acknowledge_cancel()
        elif self.is_over(now):
            self.fail("deadline_exceeded", now)
        else:
            self.current.status = self.status = "succeeded"

    def fail(self, code: str, now: int, *, attempt_status: str = "failed") -> None:
        """The attempt did not bring it about: another one may, while attempts and time are left."""
        self.current.status = attempt_status
        if self.is_cancel_requested:
            self.status = "cancelled"
        elif self.is_over(now):
            self._end_failed("deadline_exceeded")
        elif (delay := self._delay(code)) is None or self.is_over(now + delay):
            self._end_failed(code)
        else:
            self.status, self.available_at = "queued", now + delay

    def acknowledge_cancel(self) -> None:
        self.current.status = self.status = "cancelled"

    def interrupt(self, checkpoint: StoredCheckpoint | None, now: int) -> None:
        if self.is_cancel_requested:
            self.acknowledge_cancel()
            return
        self.current.status = "interrupted"
        self.current.checkpoint = checkpoint or self.current.checkpoint
        self.used -= 1
        self.status, self.available_at = "queued", now

    def sweep(self, now: int) -> None:
        if self.status == "running" and self.current.leased_until <= now:
            self.fail("lease_expired", now, attempt_status="expired")
        if self.status == "queued" and (code := self._missed_deadline(now)) is not None:
            self._end_failed(code)
        if self.status == "running" and self.is_over(now - _OVERDUE_SECONDS):
            self.fail("deadline_exceeded", now)

    def is_over(self, now: int) -> bool:
        return self.deadline_at is not None and self.deadline_at <= now

    def _delay(self, code: str) -> int | None:
        return None if self.used == MAX_ATTEMPTS or code not in _BACKOFF else _BACKOFF[code][self.used - 1]

    def _missed_deadline(self, now: int) -> str | None:
        if not self.attempts and self.start_deadline_at is not None and self.start_deadline_at <= now:
            return "start_deadline_exceeded"
        return "deadline_exceeded" if self.is_over(now) else None

    def _end_failed(self, code: str) -> None:
        self.status, self.failure_code = "failed", code

    def describe(self, now: int) -> dict[str, Any]:
        """What the rows must say."""
        return {
            "account": self.account_id,
            "status": self.status,
            "failure_code": self.failure_code,
            "is_cancel_requested": self.is_cancel_requested,
            "priority": self.priority,
            "used": self.used,
            "current": self.current.id if self.status in {"running", "succeeded"} else None,
            "attempts": [
                (attempt.id, attempt.number, attempt.status, attempt.leased_until > now, attempt.checkpoint)
                for attempt in self.attempts
            ],
        }
