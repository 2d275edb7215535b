"""`POST /v1/jobs/delete`: delete the jobs that a filter wants for good."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response, g
from pydantic import BaseModel, Field

from api.answer import answer
from api.authentication import current_account_id, current_api_key_id
from api.deletions.blueprint import DeletionView
from api.jobs.blueprint import jobs_blueprint
from api.jobs.bulk_request import BULK_PROBLEMS, BulkRequest
from api.no_query import takes_no_query
from core.artifacts.storage import bucket_in_a_hurry
from core.jobs.retention import delete_jobs as use_case
from core.metrics import JOBS_DELETED

_log = structlog.get_logger()


class DeletedJobs(BaseModel):
    """What became of the jobs of this call."""

    completed: int = Field(description="Jobs of which nothing is left.")
    pending: int = Field(description="Jobs that nobody is shown any more, and that are deleted within a minute or two.")
    deletions: list[DeletionView] = Field(description="The receipts, the oldest job first.")
    has_more: bool = Field(description="Whether the filter wants more jobs that can be deleted: send the same again.")


@jobs_blueprint.post(
    "/jobs/delete",
    summary="Delete many jobs and their images",
    responses={
        200: DeletedJobs,
        202: DeletedJobs,
        **BULK_PROBLEMS,
    },
)
@takes_no_query
def delete_jobs(body: BulkRequest) -> Response:
    """Delete the finished jobs that fit all filters, up to 100 with each call, as `DELETE /v1/jobs/{job_id}` deletes one. Jobs that
    have not finished are left, and so are those whose images an unfinished job starts from. 202: some are still to be deleted,
    which happens without a further call; their receipts are pending.
    """
    done = use_case.delete_jobs(
        body.build(),
        account_id=current_account_id(),
        limit=body.limit,
        api_key_id=current_api_key_id(),
        request_id=g.request_id,
        bucket=bucket_in_a_hurry(),
    )
    completed = sum(deletion.completed_at is not None for deletion in done.deletions)
    pending = len(done.deletions) - completed
    JOBS_DELETED.inc(completed)
    _log.info("jobs_deleted", completed=completed, pending=pending)
    view = DeletedJobs(
        completed=completed,
        pending=pending,
        deletions=[DeletionView.build(deletion) for deletion in done.deletions],
        has_more=done.has_more,
    )
    return answer(view, HTTPStatus.ACCEPTED if pending else HTTPStatus.OK)
