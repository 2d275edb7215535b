"""`GET /v1/queue`: see whether the account's jobs are paused, and how many there are."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.queue.blueprint import QueueStateView, queue_blueprint
from core.database import transaction
from core.jobs.own_queue.pause_account import read_queue


@queue_blueprint.get("/queue", summary="See your queue", responses={200: QueueStateView})
@takes_no_query
def get_queue() -> Response:
    """Whether the account's jobs are paused, and how many of them wait and run."""
    with transaction() as session:
        queue = read_queue(session, account_id=current_account_id())
    return answer(QueueStateView.build(queue))
