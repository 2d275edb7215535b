"""`DELETE /v1/jobs/{job_id}`: delete a job and its images for good."""

from __future__ import annotations

from functools import partial

from flask import Response

from api.deletions.answer_deletion import answer_deletion
from api.deletions.blueprint import DeletionView
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.artifacts.storage import Bucket
from core.jobs.retention.delete_job import carry_out_deletion, request_deletion
from core.jobs.retention.tables import Deletion
from core.metrics import JOBS_DELETED


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
    return answer_deletion(partial(request_deletion, job_id=path.parse()), _carry_out)


def _carry_out(deletion: Deletion, bucket: Bucket) -> Deletion:
    completed = carry_out_deletion(deletion.id, job_id=deletion.job_id, bucket=bucket)
    JOBS_DELETED.inc()
    return completed
