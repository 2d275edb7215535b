"""When a failed webhook is tried again: the schedule that the Standard Webhooks specification recommends, as data."""

from __future__ import annotations

#: Seconds from a failed try to the next one; after the tenth try the delivery is exhausted.
RETRY_SCHEDULE_SECONDS: tuple[int, ...] = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

#: Share of the delay added at random, so that a receiver that comes back is not hit by everything at once.
_JITTER = 0.1

#: Seconds: the longest that a receiver's Retry-After can ask us to wait.
_LONGEST_WAIT_SECONDS = 86_400


def next_delay_seconds(attempts: int, *, retry_after_seconds: float | None, random: float) -> float | None:
    """Seconds to wait after the given number of failed tries, or None when there is no further try.

    `random` is uniform in [0, 1). A Retry-After lengthens the wait, never shortens it.
    """
    if attempts > len(RETRY_SCHEDULE_SECONDS):
        return None
    delay = RETRY_SCHEDULE_SECONDS[attempts - 1] * (1 + _JITTER * random)
    return max(delay, min(retry_after_seconds or 0, _LONGEST_WAIT_SECONDS))
