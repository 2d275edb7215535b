"""`GET /v1/jobs/{job_id}/events`: follow a job, as a stream or by asking again."""

from __future__ import annotations

from flask import Response, request

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.jobs.event_views import (
    EventList,
    EventsHeaders,
    EventsQuery,
    EventView,
    describe_events,
    end_of_stream,
    event_stream,
)
from api.live.asked import ask_for_stream, ask_to_wait, find_resumed
from api.v1 import describe_problems
from core.database import transaction
from core.jobs.events.event import EventType
from core.jobs.events.queue_places import build_place_event
from core.jobs.events.read_events import JobEvents, get_history, list_events
from core.live_events.streams import read_streams

_EVENTS = (
    "Each has a number that grows (`id`), one of the types `queued`, `position` (its place in the queue has changed), `started`, `step`, "
    "`preview`, `output` (an image is stored), `retrying` and `finished`, and `data`, a JSON object with `job_id`, `type`, `number`, `at` "
    "and what the type adds. The data of `finished` is the whole job as well. A comment comes every 10 s if nothing happens."
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


class JobEventView(EventView):
    """One event."""

    event: EventType


class JobEventList(EventList[JobEventView]):
    """Events of a job, in order."""


@jobs_blueprint.get(
    "/jobs/<job_id>/events",
    summary="Follow a job",
    responses={
        200: describe_events(JobEventList, _EVENTS, example=_EXAMPLE),
        204: {"description": "The job has ended, and its last event was sent before: nothing more will happen."},
        **describe_problems(
            {
                404: "There is no such job in this account.",
                410: "The job has been deleted.",
                503: "The database does not answer, or as many connections wait as may (`too_many_streams`): read the job now "
                "and then, and try again after Retry-After seconds.",
            }
        ),
    },
)
def get_job_events(path: JobPath, header: EventsHeaders, query: EventsQuery) -> Response:
    """What has happened to the job, and what happens from now on, as server-sent events until it has ended. `Last-Event-ID`, or
    `after`, is the number of the last event that you have: the answer resumes behind it, whichever process you reach.

    With `wait` the same events come as JSON, as soon as there is one: for clients that cannot stream.
    """
    job_id, account_id = path.parse(), current_account_id()
    after = header.find_start(query)
    with transaction() as session:
        history = get_history(session, account_id=account_id, job_id=job_id)
        if query.wait is None and history.is_finished and after >= history.last_number:
            # It ends the tries of browsers to connect again.
            return end_of_stream()
        if query.wait is None and ask_for_stream(account_id=account_id, job_id=job_id, after=after):
            return event_stream()
        reported = read_streams({job_id: after}).get(job_id, [])
        found = list_events(session, history, reported, after=after)
    if query.wait is None:
        return event_stream(b"".join(event.to_sse(event.number) for event in found.events))
    resumed = find_resumed(request.environ)
    if resumed is not None and resumed.position is not None and not found.events:
        found = JobEvents([build_place_event(job_id, after + 1, resumed.position)], is_finished=False)
    if not found.events and not found.is_finished:
        ask_to_wait(account_id=account_id, job_id=job_id, seconds=query.wait, after=after)
    return answer(JobEventList.build(found.events, after=after, is_finished=found.is_finished))
