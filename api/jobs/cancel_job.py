"""`POST /v1/jobs/{job_id}/cancel`: cancel a job."""

from __future__ import annotations

from uuid import UUID

import structlog
from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.v1 import describe_problems
from core.database import transaction
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.jobs.outcomes import cancel
from core.jobs.status import JobStatus
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView
from core.live_events.sender import get_event_sender

_log = structlog.get_logger()


@jobs_blueprint.post(
    "/jobs/<job_id>/cancel",
    summary="Cancel a job",
    responses={
        200: JobView,
        **describe_problems(
            {
                404: "There is no such job in this account.",
                409: "The job has already succeeded or failed.",
                410: "The job has been deleted.",
            }
        ),
    },
)
def cancel_job(path: JobPath) -> Response:
    """Cancel a job: a queued one at once, a running one at its next step (read it to see when). It cannot succeed
    any more once this answers 200; cancelling twice changes nothing.
    """
    return answer(cancel_and_announce(path.parse()))


def cancel_and_announce(job_id: UUID) -> JobView:
    """Cancels the account's job, and has its worker and those who wait for it hear of that.

    Raises JobNotFound, JobDeleted, and JobFinished if it has succeeded or failed.
    """
    with transaction() as session:
        job = cancel.cancel_job(session, account_id=current_account_id(), job_id=job_id)
        view = build_job_view(session, job)

    _log.info("job_cancel_requested", job_id=view.id, status=view.status)
    get_event_sender().announce(job.account_id, job.id)
    if view.status == JobStatus.RUNNING:
        get_event_sender().announce_cancel(job.id)
    if view.status == JobStatus.CANCELLED:
        get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    return view
