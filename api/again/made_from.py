"""What the operations that make a job from another one have in common."""

from __future__ import annotations

from typing import Any

from flask import g

from api.authentication import current_account_id, current_api_key_id
from api.v1 import describe_problems
from core.catalog import get_catalog
from core.jobs.again.sender import Sender
from core.settings import get_settings

#: Beside those of the operation itself.
AGAIN_PROBLEMS = {
    404: "There is no such job in this account.",
    410: "The job has been deleted, or the one that this Idempotency-Key made (`job_deleted`).",
    422: "A picture of the job is not there any more, its model does not take the request any more (`errors` names each field), or the "
    "Idempotency-Key came with another request before.",
    429: "The account has as many jobs waiting as it may have (`too_many_queued_jobs`); try again after Retry-After seconds.",
    503: "As for `POST /v1/jobs`; try again after Retry-After seconds.",
}


def describe_again_problems(conflict: str) -> dict[Any, Any]:
    """The error answers of an operation, of which `conflict` says when it is 409."""
    return describe_problems(AGAIN_PROBLEMS | {409: conflict})


def build_sender(idempotency_key: str | None) -> Sender:
    """Who calls this operation."""
    return Sender(
        account_id=current_account_id(),
        api_key_id=current_api_key_id(),
        request_id=g.request_id,
        idempotency_key=idempotency_key,
        catalog=get_catalog(),
        settings=get_settings(),
    )
