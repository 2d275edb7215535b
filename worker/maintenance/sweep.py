"""The sweep: take jobs back from expired leases, and ring again for work that nobody was told of.

Safe to run twice, at once or in a row: rescued rows are rescued once, and a superfluous ring finds nothing to claim.
"""

from __future__ import annotations

import structlog

from core.database import transaction
from core.doorbell import DELIVER_NEXT, RENDER_NEXT, WEBHOOK_QUEUE, get_doorbell, render_queue
from core.ids import format_id
from core.jobs.failures import FailureCode
from core.jobs.rescue import count_claimable, rescue_expired
from core.metrics import ATTEMPTS_FINISHED, JOBS_RESCUED
from core.webhooks.claim_delivery import count_due_deliveries

#: The most rings that one sweep sends to one queue; what is left over is the next sweep's.
_MOST_RINGS = 500

_log = structlog.get_logger()


def sweep() -> None:
    """One sweep."""
    with transaction() as session:
        rescued = rescue_expired(session)
    for job in rescued:
        JOBS_RESCUED.inc()
        ATTEMPTS_FINISHED.labels(job.status, FailureCode.LEASE_EXPIRED).inc()
        _log.warning(
            "job_rescued",
            account_id=format_id("acc", job.account_id),
            job_id=format_id("job", job.id),
            request_id=job.request_id,
            status=job.status,
            attempts_used=job.attempts_used,
        )

    with transaction() as session:
        claimable = count_claimable(session, at_most=_MOST_RINGS)
        due = count_due_deliveries(session, at_most=_MOST_RINGS)
    for pool, jobs in claimable.items():
        _ring_for(render_queue(pool), RENDER_NEXT, wanted=jobs)
    _ring_for(WEBHOOK_QUEUE, DELIVER_NEXT, wanted=due)


def _ring_for(queue: str, task: str, *, wanted: int) -> None:
    """As many messages as there is work should wait in the queue; add those that are missing."""
    if wanted == 0:
        return
    doorbell = get_doorbell()
    waiting = doorbell.count_waiting(queue)
    if waiting is None or waiting >= wanted:
        return
    if doorbell.ring(queue, task, times=wanted - waiting):
        _log.info("doorbell_rung_again", queue=queue, times=wanted - waiting)
