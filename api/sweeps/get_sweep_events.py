"""`GET /v1/sweeps/{sweep_id}/events`: follow a sweep, as a stream or by asking again."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.event_views import (
    EventList,
    EventsHeaders,
    EventsQuery,
    EventView,
    describe_events,
    end_of_stream,
    event_stream,
)
from api.live.asked import ask_for_stream, ask_to_wait
from api.sweeps.blueprint import ABSENT, SweepPath, describe, sweeps_blueprint
from core.database import transaction
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.sweep_events import SweepEventType, read_sweep_histories

_EVENTS = (
    "Types: `started`, `job_started` and `job_finished`, each with `counts` by then, and `finished` once, with the whole sweep, when its "
    "contact sheet is drawn."
)

#: For the API document.
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


class SweepEventView(EventView):
    """One event."""

    event: SweepEventType


class SweepEventList(EventList[SweepEventView]):
    """Events of a sweep, in order."""


@sweeps_blueprint.get(
    "/sweeps/<sweep_id>/events",
    summary="Follow a sweep",
    responses={
        200: describe_events(SweepEventList, _EVENTS, example=_EXAMPLE),
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
    after = header.find_start(query)
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
    return answer(SweepEventList.build(events, after=after, is_finished=history.is_finished))
