"""One event of a job, as every reader gets it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from core.ids import format_id
from core.live_events.numbers import moment_of

EventType = Literal["queued", "position", "started", "step", "preview", "output", "retrying", "finished"]

EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job."""

    job_id: UUID
    #: Grows within a job.
    number: int
    type: EventType
    #: What the type adds, JSON-ready; for `finished` the fields of the job.
    details: dict[str, Any]

    def describe(self) -> dict[str, Any]:
        """The event's `data`, JSON-ready."""
        return {
            "job_id": format_id("job", self.job_id),
            "type": self.type,
            "number": self.number,
            "at": moment_of(self.number).isoformat().replace("+00:00", "Z"),
            **self.details,
        }

    def to_sse(self, event_id: int) -> bytes:
        """The event as server-sent events have it (WHATWG, HTML, section 9.2)."""
        data = json.dumps(self.describe(), separators=(",", ":"))
        return f"id: {event_id}\nevent: {self.type}\ndata: {data}\n\n".encode()
