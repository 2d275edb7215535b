"""What customers of the walk ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from core.jobs.priority import PriorityName


@dataclass(frozen=True)
class Order:
    """One request; equal ones have equal bodies."""

    #: The index of the sender.
    who: int
    key: str | None
    priority: PriorityName
    start_deadline: int | None
    deadline: int | None

    @property
    def body(self) -> dict[str, Any]:
        return {
            "prompt": "a red mug",
            "priority": self.priority,
            "start_deadline_seconds": self.start_deadline,
            "deadline_seconds": self.deadline,
        }


def orders() -> st.SearchStrategy[Order]:
    """Any of them.

    Steps of the clock are multiples of 11 s. With leases of 30 s, delays of 2 and 10 s and these deadlines, no two
    moments of a walk that are compared lie closer than 2 s: the time that the walk itself takes decides nothing.
    """
    return st.builds(
        Order,
        who=st.integers(0, 1),
        key=st.sampled_from([None, None, "a", "b"]),
        priority=st.sampled_from(["normal", "high", "low"]),
        start_deadline=st.sampled_from([None, None, 26]),
        deadline=st.sampled_from([None, None, 40, 95]),
    )
