"""Keeps the service's own processes running, as systemd or Kubernetes would, and arms each one that it starts."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.local import LocalStack
from infra.local.part import Part
from infra.local.processes import list_descendants
from tests.soak.plan import POINTS

_LOOK_SECONDS = 0.2


class Keeper:
    """Starts again what has ended, and lets go on what a fault point froze: after half a second, or (a
    worker) past its lease.
    """

    def __init__(
        self, stack: LocalStack, arms: Mapping[str, Iterator[str]], dice: random.Random, *, lease_seconds: float
    ) -> None:
        self.parts = [part for part in stack.parts if role_of(part) in {*POINTS, "beat"}]
        #: Starts of each part, by its name.
        self.starts: dict[str, int] = dict.fromkeys((part.name for part in self.parts), 0)
        self._environment = stack.environment
        self._arms = arms
        self._past_the_lease = lease_seconds + 1.5
        self._dice = dice
        self._goes_on_at: dict[str, float] = {}
        self._left_alone: set[str] = set()
        self._is_over = threading.Event()

    def parts_of(self, role: str) -> Sequence[Part]:
        """The processes of a role: worker, api, dispatcher, beat."""
        return [part for part in self.parts if role_of(part) == role]

    def run(self) -> None:
        """Look after all of them until `close`."""
        while not self._is_over.wait(_LOOK_SECONDS):
            for part in self.parts:
                if part.name not in self._left_alone:
                    self._look_after(part)

    def close(self) -> None:
        """Stop supervising."""
        self._is_over.set()

    def disarm(self) -> None:
        """Start processes without fault points from now on."""
        self._arms = {}

    @contextmanager
    def leaving_alone(self, part: Part) -> Iterator[None]:
        """Whoever froze it lets it go on."""
        self._left_alone.add(part.name)
        try:
            yield
        finally:
            self._left_alone.discard(part.name)

    def _look_after(self, part: Part) -> None:
        if not part.is_running:
            self._start(part)
        elif not _is_frozen(part):
            self._goes_on_at.pop(part.name, None)
        elif part.name not in self._goes_on_at:
            self._goes_on_at[part.name] = time.monotonic() + self._draw_freeze(part)
        elif time.monotonic() >= self._goes_on_at[part.name]:
            part.resume()

    def _draw_freeze(self, part: Part) -> float:
        return self._dice.choice([0.5, self._past_the_lease if role_of(part) == "worker" else 2])

    def _start(self, part: Part) -> None:
        arms = self._arms.get(role_of(part))
        if arms is not None:
            self._environment["FAULT_POINTS"] = next(arms)
        try:
            part.start()
        finally:
            self._environment.pop("FAULT_POINTS", None)
        self.starts[part.name] += 1


def role_of(part: Part) -> str:
    """worker, api, dispatcher or beat; the name of anything else."""
    return part.name.partition("-")[0]


def _is_frozen(part: Part) -> bool:
    """Whether a signal has stopped the process, or the one that gunicorn has below it."""
    pids = [part.pid, *(list_descendants(part.pid) if role_of(part) == "api" else ())]
    with suppress(OSError):
        return any(_state_of(pid) == "T" for pid in pids)
    return False


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
