"""Models that could not be loaded: a broken folder is not loaded again for each of its jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Seconds for which a failure is remembered while the files stay unchanged: the machine may have been the cause.
_SECONDS = 300.0


@dataclass(frozen=True)
class _Failure:
    message: str
    fingerprint: Any
    remembered_until: float


class BrokenModels:
    """Remembers for each model why, and with which files, its last load failed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, _Failure] = {}

    def remember(self, model_id: str, fingerprint: Any, message: str) -> None:
        """The load failed with these files (`fingerprint`)."""
        self._failures[model_id] = _Failure(message, fingerprint, self._clock() + _SECONDS)

    def find(self, model_id: str, fingerprint: Any) -> str | None:
        """Why the model cannot be loaded; None if it should be tried."""
        failure = self._failures.get(model_id)
        if failure is None or failure.fingerprint != fingerprint or self._clock() >= failure.remembered_until:
            return None
        return failure.message
