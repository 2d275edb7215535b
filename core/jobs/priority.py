"""The three priorities, as the numbers that the queue is sorted by."""

from __future__ import annotations

from typing import Literal

PriorityName = Literal["high", "normal", "low"]

#: Lower goes first.
PRIORITIES: dict[PriorityName, int] = {"high": 0, "normal": 1, "low": 2}

NORMAL = PRIORITIES["normal"]

#: Added to the priority of a job that is held, because its account runs as many jobs as it may. It then stands
#: behind every job that can be claimed, so that a claim reads none of those, however many there are.
HELD = 10

#: Added to the priority of a job that is paused: it stands behind those that are held.
PAUSED = 20

#: What the sender calls the priority of a row, held or not.
PRIORITY_NAMES = {
    number + held: name for name, number in PRIORITIES.items() for held in (0, HELD, PAUSED, PAUSED + HELD)
}
