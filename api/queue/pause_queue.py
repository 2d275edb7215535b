"""`POST /v1/queue/pause`: let none of the account's jobs start."""

from __future__ import annotations

from typing import Literal

import structlog
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.queue.blueprint import QueueStateView, queue_blueprint
from api.v1 import describe_problems
from core.database import transaction
from core.jobs.own_queue.pause_account import pause_account

_log = structlog.get_logger()


class PauseRequest(BaseModel):
    """What becomes of the jobs that run."""

    model_config = ConfigDict(extra="forbid")

    running: Literal["finish", "put_back"] = Field(
        default="finish",
        description="`finish`: they end as usual. `put_back`: within some seconds they are put back into the queue, without using "
        "up an attempt, and resume at the step that they have reached.",
    )


@queue_blueprint.post(
    "/queue/pause",
    summary="Pause your jobs",
    responses={
        200: QueueStateView,
        **describe_problems({400: "The body is not valid JSON.", 415: "The body is not application/json."}),
    },
)
@takes_no_query
def pause_queue(body: PauseRequest) -> Response:
    """Once this answers, none of the account's jobs starts. Jobs can be sent, moved and cancelled as before, and deadlines go
    on. Pausing again changes what becomes of the running ones.
    """
    with transaction() as session:
        queue = pause_account(session, account_id=current_account_id(), puts_back_running=body.running == "put_back")
    _log.info("queue_paused", running=body.running)
    return answer(QueueStateView.build(queue))
