"""`GET /v1/recall`: what was handed over, or is going to be."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.live.asked import ask_to_wait
from api.live.prefer import MOST_WAIT_SECONDS
from api.recall.blueprint import RecallView, recall_blueprint
from api.v1 import describe_problems
from core.recall.kept_recalls import find_recall
from core.recall.recall import RECALL_ID


class RecallQuery(CachedSchema):
    """Where a page was, and how long it waits."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=2**53 - 1, description="The number of the one that you have.")
    wait: int = Field(
        default=0,
        ge=0,
        le=MOST_WAIT_SECONDS,
        description="Seconds: the answer comes as soon as there is one after `after`, and after this time in any case.",
        examples=[30],
    )


class RecallList(BaseModel):
    """The request that was handed over last, if it is newer than `after`."""

    data: list[RecallView] = Field(description="One, or none.")
    next_after: int = Field(description="`after` of the next request.")


@recall_blueprint.get(
    "/recall",
    summary="Read what was handed over",
    responses={
        200: RecallList,
        **describe_problems(
            {
                503: "The database or Redis (`recall_unavailable`) does not answer, or too many requests wait (`too_many_streams`): try "
                "again after Retry-After seconds."
            }
        ),
    },
)
def get_recall(query: RecallQuery) -> Response:
    """The render request that was handed over last, for a page that has just been opened, or that cannot stream `GET /v1/events`."""
    account_id = current_account_id()
    recall = find_recall(account_id)
    if recall is None or recall.number <= query.after:
        ask_to_wait(account_id=account_id, job_id=RECALL_ID, seconds=query.wait, after=query.after)
        return answer(RecallList(data=[], next_after=query.after))
    return answer(RecallList(data=[RecallView.build(recall)], next_after=recall.number))
