"""The `Prefer` header: how long a client would rather wait for an answer (RFC 7240)."""

from __future__ import annotations

import re

#: Seconds that a request waits at most: proxies and clients give up soon after.
MOST_WAIT_SECONDS = 60

_WAIT = re.compile(r"wait(?:\s*=\s*\"?(\d{1,9})\"?)?", re.IGNORECASE)


def parse_wait(prefer: str | None) -> int | None:
    """The seconds of `wait=N`, 60 at most, also for `wait` alone. None if there is no such preference; what is not understood is
    ignored, as the RFC has it.
    """
    for preference in (prefer or "").split(","):
        found = _WAIT.fullmatch(preference.partition(";")[0].strip())
        if found is not None:
            return min(int(found[1] or MOST_WAIT_SECONDS), MOST_WAIT_SECONDS)
    return None
