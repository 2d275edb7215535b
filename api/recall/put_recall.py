"""`PUT /v1/recall`: hand a request over."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.jobs.job_request import JobRequest, build_submission
from api.no_query import takes_no_query
from api.recall.blueprint import RecallView, recall_blueprint
from api.v1 import describe_problems
from core.recall.set_recall import set_recall


@recall_blueprint.put(
    "/recall",
    summary="Hand a request over to an open page",
    responses={
        200: RecallView,
        **describe_problems(
            {
                400: "The body is not valid JSON, or could not be read to its end.",
                413: "The body is longer than 1 MiB, or holds more than 4,096 values.",
                415: "The body is not application/json.",
                422: "The request is not valid; `errors` names each field.",
                503: "The database or Redis (`recall_unavailable`) does not answer; try again after Retry-After seconds.",
            }
        ),
    },
)
@takes_no_query
def put_recall(body: JobRequest) -> Response:
    """Put a render request into the forms of the account's open pages: a program, an agent or a colleague hands over what somebody is to
    look at. It is checked as at a submit, and nothing is queued. Pages hear of it as the event `recall` of `GET /v1/events`.

    It takes the place of the one before, and is kept for an hour in Redis: if Redis loses it, hand it over again. Pictures are named by
    the ids of files or artifacts, or by addresses.
    """
    return answer(RecallView.build(set_recall(build_submission(body))))
