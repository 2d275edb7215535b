"""Events as they are asked for and answered."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.cached_schema import CachedSchema
from api.headers import Headers
from api.live.prefer import MOST_WAIT_SECONDS
from core.jobs.events.event import EventType, JobEvent

#: The largest integer that every JSON reader reads exactly (RFC 8259, section 6); numbers reach it in the year 2255.
_MOST = 2**53 - 1

_EVENTS_OF_A_JOB = (
    "Server-sent events, or (with `wait`) a list of them. Each has a number that grows (`id`), one of the types `queued`, `position` "
    "(its place in the queue has changed), `started`, `step`, `preview`, `output` (an image is stored), `retrying` and `finished`, "
    "and `data`, a JSON object with `job_id`, `type`, `number`, `at` and what the type adds. The data of `finished` is the whole job "
    "as well. A comment comes every 10 s if nothing happens."
)

#: For the API document.
_EXAMPLE = {
    "job_id": "job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6",
    "type": "step",
    "number": 1_764_460_800_123_456,
    "at": "2025-11-30T00:00:00.123456Z",
    "attempt": 1,
    "step": 3,
    "steps": 12,
    "fraction": 0.25,
}

#: Milliseconds after which a reader connects again.
_RETRY_MS = 2000

_BEGIN = f"retry: {_RETRY_MS}\n\n".encode()


class EventsHeaders(Headers):
    """Where a reader was."""

    model_config = ConfigDict(populate_by_name=True)

    last_event_id: int | None = Field(
        default=None,
        alias="Last-Event-ID",
        ge=0,
        le=_MOST,
        description="The `id` of the last event that you have; browsers send it by themselves. It counts before `after`.",
    )


class AfterQuery(CachedSchema):
    """Where a reader was."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(
        default=0, ge=0, le=_MOST, description="The number of the last event that you have; 0: from the start."
    )


class EventsQuery(AfterQuery):
    """Where a reader was, and whether it can stream."""

    wait: int | None = Field(
        default=None,
        ge=0,
        le=MOST_WAIT_SECONDS,
        description="Seconds: answer JSON, as soon as there is an event after `after`, and after this time in any case.",
        examples=[30],
    )


class EventView(BaseModel):
    """One event."""

    id: int = Field(examples=[1_764_460_800_123_456])
    event: EventType
    data: dict[str, Any]

    @classmethod
    def build(cls, event: JobEvent) -> EventView:
        return cls(id=event.number, event=event.type, data=event.describe())


class EventList(BaseModel):
    """Events of a job, in order."""

    data: list[EventView]
    next_after: int = Field(description="`after` of the next request.")
    is_finished: bool = Field(description="Whether the job has ended: then there is nothing more to ask for.")


def describe_job_events() -> dict[str, Any]:
    """The answer with the events of a job, for the API document."""
    schema = EventList.model_json_schema()
    # A description by hand has no place for the definitions of parts.
    schema["properties"]["data"]["items"] = schema.pop("$defs")["EventView"]
    number = _EXAMPLE["number"]
    listed = {"data": [{"id": number, "event": "step", "data": _EXAMPLE}], "next_after": number, "is_finished": False}
    return {
        "description": _EVENTS_OF_A_JOB,
        "content": {
            # A schema would be of each event, of which the text is one long row.
            "text/event-stream": {"example": f"id: {number}\nevent: step\ndata: {json.dumps(_EXAMPLE)}\n\n"},
            "application/json": {"schema": schema, "example": listed},
        },
    }


def event_stream(events: bytes = b"") -> Response:
    """The beginning of a stream. Without a server that keeps its connection it ends here, and the reader connects again."""
    # An iterator: a stream has no length.
    response = Response(iter([_BEGIN + events]), mimetype="text/event-stream")
    # Without it nginx collects 4 KB before it passes the first event on.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def end_of_stream() -> Response:
    """There is nothing more to come."""
    return Response(status=HTTPStatus.NO_CONTENT)
