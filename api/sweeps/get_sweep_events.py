"""`GET /v1/sweeps/{sweep_id}/events`: follow a sweep, as a stream or by asking again."""

from __future__ import annotations

import json
from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.event_views import EventsHeaders, EventsQuery, end_of_stream, event_stream
from api.live.asked import ask_for_stream, ask_to_wait
from api.sweeps.blueprint import ABSENT, SweepPath, describe, sweeps_blueprint
from core.database import transaction
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.sweep_events import SweepEvent, SweepEventType, read_sweep_histories

_EXAMPLE = {
    "sweep_id": "sweep_0199f2c4a8b97c03b7e1f6a2d3c4b5e6",
    "type": "job_finished",
    "number": 1_764_460_800_123_456,
    "at": "2025-11-30T00:00:00.123456Z",
    "job_id": "job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6",
    "position": 0,
    "status": "succeeded",
    "counts": {"queued": 20, "running": 3, "succeeded": 1, "failed": 0, "cancelled": 0},
}


class SweepEventView(BaseModel):
    """One event."""

    id: int
    event: SweepEventType
    data: dict[str, Any]

    @classmethod
    def build(cls, event: SweepEvent) -> SweepEventView:
        return cls(id=event.number, event=event.type, data=event.describe())


class SweepEventList(BaseModel):
    """Events of a sweep, in order."""

    data: list[SweepEventView]
    next_after: int = Field(description="`after` of the next request.")
    is_finished: bool = Field(description="Whether the sweep has ended: then there is nothing more to ask for.")


def _describe_events() -> dict[str, Any]:
    """The answer, for the API document."""
    schema = SweepEventList.model_json_schema()
    # A description by hand has no place for the definitions of parts.
    schema["properties"]["data"]["items"] = schema.pop("$defs")["SweepEventView"]
    number = _EXAMPLE["number"]
    listed = {
        "data": [{"id": number, "event": "job_finished", "data": _EXAMPLE}],
        "next_after": number,
        "is_finished": False,
    }
    return {
        "description": "Server-sent events, or (with `wait`) a list of them. Types: `started`, `job_started` and `job_finished`, each with "
        "`counts` by then, and `finished` once, with the whole sweep, when its contact sheet is drawn.",
        "content": {
            "text/event-stream": {"example": f"id: {number}\nevent: job_finished\ndata: {json.dumps(_EXAMPLE)}\n\n"},
            "application/json": {"schema": schema, "example": listed},
        },
    }


@sweeps_blueprint.get(
    "/sweeps/<sweep_id>/events",
    summary="Follow a sweep",
    responses={
        200: _describe_events(),
        204: {"description": "The sweep has ended, and its last event was sent before: nothing more will happen."},
        **describe(
            ABSENT, {503: "The database does not answer, or as many connections wait as may (`too_many_streams`)."}
        ),
    },
)
def get_sweep_events(path: SweepPath, header: EventsHeaders, query: EventsQuery) -> Response:
    """What has happened to the sweep, and what happens from now on, as server-sent events until it has ended. `Last-Event-ID`, or
    `after`, resumes behind an event. With `wait` the same events come as JSON. Steps and previews are in the events of its jobs.
    """
    sweep_id, account_id = path.parse(), current_account_id()
    after = header.last_event_id if header.last_event_id is not None else query.after
    with transaction() as session:
        read_sweep(session, account_id=account_id, sweep_id=sweep_id)
        history = read_sweep_histories(session, [sweep_id])[sweep_id]
    events = history.list_after(after)
    if query.wait is None:
        if history.is_finished and not events:
            # It ends the tries of browsers to connect again.
            return end_of_stream()
        if ask_for_stream(account_id=account_id, job_id=None, sweep_id=sweep_id, after=after):
            return event_stream()
        return event_stream(b"".join(event.to_sse() for event in events))
    if not events and not history.is_finished:
        ask_to_wait(account_id=account_id, sweep_id=sweep_id, seconds=query.wait, after=after)
    return answer(
        SweepEventList(
            data=[SweepEventView.build(event) for event in events],
            next_after=events[-1].number if events else after,
            is_finished=history.is_finished,
        )
    )
