"""`GET /v1/events`: follow all jobs of the account."""

from __future__ import annotations

from flask import Response

from api.authentication import current_account_id
from api.events.blueprint import events_blueprint
from api.jobs.event_views import AfterQuery, EventsHeaders, event_stream
from api.live.asked import ask_for_stream
from api.v1 import describe_problems
from core.database import read_with_one_retry
from core.jobs.events.account_jobs import read_present


@events_blueprint.get(
    "/events",
    summary="Follow all jobs",
    responses={
        200: {
            "description": "Server-sent events of all jobs, as those of one job, in the order in which this process learns of them.",
            "content": {"text/event-stream": {}},
        },
        **describe_problems(
            {
                503: "The database does not answer, or as many connections wait as may (`too_many_streams`): list the jobs now "
                "and then, and try again after Retry-After seconds."
            }
        ),
    },
)
def get_events(header: EventsHeaders, query: AfterQuery) -> Response:
    """What happens to the account's jobs from now on (from a few seconds ago, to be exact), as server-sent events without an end.

    `Last-Event-ID`, or `after`, resumes behind an `id`, as far as the account's unfinished jobs and its 500 newest are concerned.
    Nothing of them is missed, but events of the last three seconds come again under new ids: an event is the same if `job_id` and `number`
    in its data are. An event `recall` is of no job: its data is what `PUT /v1/recall` answered.
    """
    after = header.find_start(query) or read_with_one_retry(read_present)
    ask_for_stream(account_id=current_account_id(), job_id=None, after=after)
    return event_stream()
