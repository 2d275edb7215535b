"""`DELETE /v1/sweeps/{sweep_id}`: delete a sweep, its jobs and its contact sheet for good."""

from __future__ import annotations

from functools import partial

from flask import Response

from api.deletions.answer_deletion import answer_deletion
from api.deletions.blueprint import DeletionView
from api.no_query import takes_no_query
from api.sweeps.blueprint import SweepPath, describe, sweeps_blueprint
from core.artifacts.storage import Bucket
from core.jobs.retention.tables import Deletion
from core.sweeps.delete_sweep import carry_out_sweep_deletion, request_sweep_deletion

#: What is left to delete after this time is left to the retention.
_PATIENCE_SECONDS = 10.0


@sweeps_blueprint.delete(
    "/sweeps/<sweep_id>",
    summary="Delete a sweep, its jobs and its contact sheet",
    responses={
        200: DeletionView,
        202: DeletionView,
        **describe(
            {
                404: "There is no such sweep in this account.",
                409: "It runs (`sweep_not_finished`): cancel it first. Or a job that has not finished starts from one of its images "
                "(`job_in_use`) or from its contact sheet (`file_in_use`).",
            }
        ),
    },
)
@takes_no_query
def delete_sweep(path: SweepPath) -> Response:
    """Delete a draft, or a sweep that has ended, with its jobs, their images, and its contact sheet. The answer is the receipt of the
    sweep; each of its jobs has one of its own. 202: there are many of them, or the object store does not answer, and the rest is done in
    the background.
    """
    return answer_deletion(partial(request_sweep_deletion, sweep_id=path.parse()), _carry_out)


def _carry_out(deletion: Deletion, bucket: Bucket) -> Deletion:
    return carry_out_sweep_deletion(deletion, bucket=bucket, seconds=_PATIENCE_SECONDS)
