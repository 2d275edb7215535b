"""Events as they are asked for and answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Generic, Protocol, Self, TypeVar

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.cached_schema import CachedSchema
from api.headers import Headers
from api.live.prefer import MOST_WAIT_SECONDS

#: The largest integer that every JSON reader reads exactly (RFC 8259, section 6); numbers reach it in the year 2255.
_MOST = 2**53 - 1

#: Milliseconds after which a reader connects again.
_RETRY_MS = 2000

_BEGIN = f"retry: {_RETRY_MS}\n\n".encode()


class _Event(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def type(self) -> str: ...
    def describe(self) -> dict[str, Any]: ...


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

    def find_start(self, query: AfterQuery) -> int:
        """The number after which events are wanted."""
        return query.after if self.last_event_id is None else self.last_event_id


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
    #: A subclass names the types that there are.
    event: str
    data: dict[str, Any]


View = TypeVar("View", bound=EventView)


class EventList(BaseModel, Generic[View]):
    """Events of one thing, in order."""

    data: list[View]
    next_after: int = Field(description="`after` of the next request.")
    is_finished: bool = Field(
        description="Whether the job, or the sweep, has ended: then there is nothing more to ask for."
    )

    @classmethod
    def build(cls, events: Sequence[_Event], *, after: int, is_finished: bool) -> Self:
        """The events after the number `after`."""
        shown = [{"id": event.number, "event": event.type, "data": event.describe()} for event in events]
        next_after = events[-1].number if events else after
        return cls.model_validate({"data": shown, "next_after": next_after, "is_finished": is_finished})


def describe_events(list_type: type[EventList[Any]], meaning: str, *, example: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of an operation that streams or lists events, for the API document. `example` is the data of one event."""
    schema = list_type.model_json_schema()
    # A description by hand has no place for the definitions of parts.
    [schema["properties"]["data"]["items"]] = schema.pop("$defs").values()
    number, type_ = example["number"], example["type"]
    listed = {"data": [{"id": number, "event": type_, "data": example}], "next_after": number, "is_finished": False}
    return {
        "description": f"Server-sent events, or (with `wait`) a list of them. {meaning}",
        "content": {
            # A schema would be of each event, of which the text is one long row.
            "text/event-stream": {"example": f"id: {number}\nevent: {type_}\ndata: {json.dumps(example)}\n\n"},
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
