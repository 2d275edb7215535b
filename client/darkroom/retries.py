"""When a request is sent again."""

from __future__ import annotations

import random
from dataclasses import dataclass

#: The service did nothing, and says when to ask again.
BUSY = frozenset({429, 503})

#: A proxy before the service has lost the request, or its answer.
LOST = frozenset({502, 504})

#: The code of 503 when as many requests wait as may.
TOO_MANY_STREAMS = "too_many_streams"

_FIRST_SECONDS = 0.5
_MOST_SECONDS = 10.0


@dataclass(frozen=True)
class Retries:
    """How long a request is tried: with growing pauses, or after those that the service names."""

    #: From the first try to the last. 0: it is sent once.
    total_seconds: float = 60.0

    def pause(self, tries: int, elapsed: float, retry_after: float | None = None) -> float | None:
        """Seconds until the next try, after so many tries and seconds; None: there is none."""
        if retry_after is None:
            # Half of it by chance, so that many clients do not come back at the same moment.
            whole = min(_MOST_SECONDS, _FIRST_SECONDS * 2.0 ** (tries - 1))
            pause = whole * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        else:
            pause = retry_after
        return pause if elapsed + pause <= self.total_seconds else None


def is_worth_another_try(status: int, *, is_repeatable: bool) -> bool:
    """Whether the same request can be answered otherwise, and does no harm a second time."""
    return status in BUSY or (status in LOST and is_repeatable)
