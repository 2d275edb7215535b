"""A part that dies while the stack is up is reported, and started again after a growing pause."""

from __future__ import annotations

import time
from dataclasses import dataclass

from infra.local.part import Part, PartFailed, PartState
from infra.local.stack import READY_SECONDS, LocalStack
from infra.local.terminal.screen import Screen

_LOOK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0

#: A part that was ready for longer than this starts over with the shortest pause.
_HEALTHY_SECONDS = 60.0


@dataclass
class _RestartBackoff:
    """The next pause before a part is started again, and when that is."""

    pause_seconds: float = _FIRST_PAUSE_SECONDS
    start_at: float | None = None

    def plan_start(self, part: Part, now: float) -> float:
        """Decide when to start a part that has died, and return the seconds until then."""
        was_healthy = part.ready_at is not None and now - part.ready_at > _HEALTHY_SECONDS
        pause = _FIRST_PAUSE_SECONDS if was_healthy else self.pause_seconds
        self.pause_seconds = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        self.start_at = now + pause
        return pause


def keep_running(stack: LocalStack, screen: Screen) -> None:
    """Supervise the parts until something (a signal) raises."""
    backoffs = {part.name: _RestartBackoff() for part in stack.parts}
    while True:
        for part in stack.parts:
            _supervise(part, backoffs[part.name], screen, now=time.monotonic())
        time.sleep(_LOOK_SECONDS)


def _supervise(part: Part, backoff: _RestartBackoff, screen: Screen, *, now: float) -> None:
    try:
        if part.has_died:
            raise part.describe_failure(f"ended by itself with status {part.returncode}")
        if part.state is PartState.STARTING and part.check_ready(READY_SECONDS):
            screen.say(f"{part.name} is back", style="green")
    except PartFailed as failure:
        pause = backoff.plan_start(part, now)
        part.kill()
        screen.say(f"\n{failure}\n{part.name} is started again in {pause:g} s", style="red")

    if backoff.start_at is not None and now > backoff.start_at:
        backoff.start_at = None
        part.start()
