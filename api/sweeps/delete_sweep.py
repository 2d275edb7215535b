"""`DELETE /v1/sweeps/{sweep_id}`: delete a sweep, its jobs and its contact sheet for good."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response, g

from api.answer import answer
from api.authentication import current_account_id, current_api_key_id
from api.deletions.blueprint import DeletionView
from api.no_query import takes_no_query
from api.sweeps.blueprint import SweepPath, describe, sweeps_blueprint
from core.artifacts.storage import bucket_in_a_hurry
from core.database import transaction
from core.errors import StorageUnavailable
from core.sweeps.delete_sweep import carry_out_sweep_deletion, request_sweep_deletion

#: What is left to delete after this time is left to the retention.
_PATIENCE_SECONDS = 10.0

_log = structlog.get_logger()


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
    with transaction() as session:
        deletion = request_sweep_deletion(
            session,
            account_id=current_account_id(),
            sweep_id=path.parse(),
            api_key_id=current_api_key_id(),
            request_id=g.request_id,
        )
        session.refresh(deletion)
    if deletion.completed_at is None:
        try:
            deletion = carry_out_sweep_deletion(deletion, bucket=bucket_in_a_hurry(), seconds=_PATIENCE_SECONDS)
            _log.info("sweep_deleted", sweep_id=path.sweep_id)
        except StorageUnavailable as error:
            _log.warning("deletion_not_completed", sweep_id=path.sweep_id, error=str(error))
    status = HTTPStatus.ACCEPTED if deletion.completed_at is None else HTTPStatus.OK
    return answer(DeletionView.build(deletion), status)
