"""`DELETE /v1/jobs/{job_id}`: delete a job and its images for good."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response, g

from api.answer import answer
from api.authentication import current_account_id, current_api_key_id
from api.deletions.blueprint import DeletionView
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.artifacts.storage import bucket_in_a_hurry
from core.database import transaction
from core.errors import StorageUnavailable
from core.ids import format_id
from core.jobs.retention.delete_job import carry_out_deletion, request_deletion
from core.metrics import JOBS_DELETED

_log = structlog.get_logger()


@jobs_blueprint.delete(
    "/jobs/<job:job_id>",
    summary="Delete a job and its images",
    responses={
        200: DeletionView,
        202: DeletionView,
        **describe_problems(
            {
                404: "There is no such job in this account.",
                409: "The job has not finished (`job_not_finished`): cancel it first. Or one that has not finished starts from "
                "one of its images (`job_in_use`).",
            }
        ),
    },
)
@takes_no_query
def delete_job(path: JobPath) -> Response:
    """Delete a finished job: its images, those that came with it, its checkpoints, its request and its webhooks, also those
    still to be sent. The answer is the receipt; deleting again gives it again. 202: the object store does not answer, and
    the rest is done when it does. Usage is kept, for it is the bill. Afterwards the job answers 410 (`job_deleted`).
    """
    with transaction() as session:
        deletion = request_deletion(
            session,
            account_id=current_account_id(),
            job_id=path.parse(),
            api_key_id=current_api_key_id(),
            request_id=g.request_id,
        )
        session.refresh(deletion)
    deletion_id = format_id("del", deletion.id)
    if deletion.completed_at is None:
        try:
            deletion = carry_out_deletion(deletion.id, job_id=deletion.job_id, bucket=bucket_in_a_hurry())
            JOBS_DELETED.inc()
            _log.info("job_deleted", job_id=path.job_id, deletion_id=deletion_id)
        except StorageUnavailable as error:
            _log.warning("deletion_not_completed", deletion_id=deletion_id, error=str(error))
    view = DeletionView.build(deletion)
    status = HTTPStatus.ACCEPTED if deletion.completed_at is None else HTTPStatus.OK
    return answer(view, status)
