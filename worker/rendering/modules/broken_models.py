"""Models that could not be loaded, so that a broken folder is not loaded again for every one of its jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: A failure is believed for so long while the files stay as they are: what failed may have been the machine.
_SECONDS = 300.0


@dataclass(frozen=True)
class _Failure:
    message: str
    fingerprint: Any
    believed_until: float


class BrokenModels:
    """Remembers, by model, why and with which files its last load failed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, _Failure] = {}

    def remember(self, model_id: str, fingerprint: Any, message: str) -> None:
        """The load failed with these files."""
        self._failures[model_id] = _Failure(message, fingerprint, self._clock() + _SECONDS)

    def find(self, model_id: str, fingerprint: Any) -> str | None:
        """Why the model cannot be loaded, or None where it is worth a try."""
        failure = self._failures.get(model_id)
        if failure is None or failure.fingerprint != fingerprint or self._clock() >= failure.believed_until:
            return None
        return failure.message
