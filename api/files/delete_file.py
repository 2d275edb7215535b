"""`DELETE /v1/files/{file_id}`: delete a file for good."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response, g

from api.answer import answer
from api.authentication import current_account_id, current_api_key_id
from api.deletions.blueprint import DeletionView
from api.files.blueprint import FilePath, files_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.artifacts.storage import bucket_in_a_hurry
from core.database import transaction
from core.errors import StorageUnavailable
from core.files.delete_file import carry_out_file_deletion, request_file_deletion
from core.ids import format_id

_log = structlog.get_logger()


@files_blueprint.delete(
    "/files/<file_id>",
    summary="Delete a file",
    responses={
        200: DeletionView,
        202: DeletionView,
        **describe_problems(
            {
                404: "There is no such file in this account.",
                409: "A job that has not finished starts from it (`file_in_use`).",
                410: "Its time was over (`file_deleted`).",
            }
        ),
    },
)
@takes_no_query
def delete_file(path: FilePath) -> Response:
    """Delete a file. Jobs that have ended stay, and so do their images. The answer is the receipt; deleting again gives it
    again. 202: the object store does not answer, and the rest is done when it does.
    """
    with transaction() as session:
        deletion = request_file_deletion(
            session,
            account_id=current_account_id(),
            file_id=path.parse(),
            api_key_id=current_api_key_id(),
            request_id=g.request_id,
        )
        session.refresh(deletion)
    if deletion.completed_at is None:
        try:
            deletion = carry_out_file_deletion(deletion.id, file_id=deletion.job_id, bucket=bucket_in_a_hurry())
            _log.info("file_deleted", file_id=path.file_id, deletion_id=format_id("del", deletion.id))
        except StorageUnavailable as error:
            _log.warning("deletion_not_completed", deletion_id=format_id("del", deletion.id), error=str(error))
    view = DeletionView.build(deletion)
    return answer(view, HTTPStatus.ACCEPTED if deletion.completed_at is None else HTTPStatus.OK)
