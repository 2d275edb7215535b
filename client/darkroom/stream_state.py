"""How far a stream of events was read, and what a cut of it means."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2

from darkroom.answers import describe_loss
from darkroom.errors import ConnectionFailed, Refused
from darkroom.retries import TOO_MANY_STREAMS, Retries, is_worth_another_try


@dataclass
class StreamState:
    """Where a reader is, and since when it cannot connect."""

    #: The number of the last event that was read.
    after: int
    tries: int = 0
    failing_since: float | None = None

    def record_connection(self) -> None:
        """It is there: what comes later is another failure."""
        self.tries = 0
        self.failing_since = None

    def record_cut(self, failure: Refused | ConnectionFailed, retries: Retries, now: float) -> float:
        """Seconds until the next try. Raises the failure if there is none."""
        if self.failing_since is None:
            self.failing_since = now
        self.tries += 1
        retry_after = failure.retry_after if isinstance(failure, Refused) else None
        pause = retries.pause(self.tries, now - self.failing_since, retry_after)
        if pause is None:
            raise failure
        return pause


def explain_cut(path: str, error: httpx2.RequestError | Refused) -> Refused | ConnectionFailed:
    """The failure that it is. Raises it at once if another try cannot help."""
    if isinstance(error, Refused):
        if not is_worth_another_try(error.status, is_repeatable=True):
            raise error
        return error
    failure = ConnectionFailed(f"{path}: {describe_loss(error)}")
    failure.__cause__ = error
    return failure


def can_only_poll(error: httpx2.RequestError | Refused) -> bool:
    """Whether something on the way keeps streams back, or the service has too many of them."""
    if isinstance(error, Refused):
        return error.code == TOO_MANY_STREAMS
    return isinstance(error, (httpx2.ReadTimeout, httpx2.SSEError))
