"""How long a job waits before its next attempt. Pure policy."""

from __future__ import annotations

from core.jobs.failures import FailureCode

#: Seconds before the second, third, … attempt.
_AFTER_FAILURE_SECONDS = (2.0, 10.0, 60.0)
#: A lost worker has cost the job a whole lease already; but a job that takes its workers down must not do so fast.
_AFTER_EXPIRY_SECONDS = (0.0, 10.0, 60.0)


def backoff_seconds(attempts_used: int, code: FailureCode) -> float:
    """Seconds from the end of a failed attempt to the next one. `attempts_used` counts it, so it is at least 1."""
    schedule = _AFTER_EXPIRY_SECONDS if code is FailureCode.LEASE_EXPIRED else _AFTER_FAILURE_SECONDS
    return schedule[min(attempts_used, len(schedule)) - 1]
