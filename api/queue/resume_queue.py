"""`POST /v1/queue/resume`: let the account's jobs start again."""

from __future__ import annotations

import structlog
from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.queue.blueprint import QueueStateView, queue_blueprint
from core.database import transaction
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.jobs.own_queue.pause_account import list_waiting_pools, resume_account
from core.settings import get_settings

_log = structlog.get_logger()


@queue_blueprint.post("/queue/resume", summary="Resume your jobs", responses={200: QueueStateView})
@takes_no_query
def resume_queue() -> Response:
    """The account's jobs start again, in the places that they had. Resuming a queue that is not paused changes nothing."""
    account_id = current_account_id()
    with transaction() as session:
        queue = resume_account(session, account_id=account_id, max_running_jobs=get_settings().account_max_running_jobs)
        pools = list_waiting_pools(session, account_id=account_id)
    _log.info("queue_resumed", queued=queue.queued)
    for pool in pools:
        get_doorbell().ring_soon(render_queue(pool), RENDER_NEXT, pool=pool)
    return answer(QueueStateView.build(queue))
