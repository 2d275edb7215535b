"""`DELETE /v1/files/{file_id}`: delete a file for good."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask import Response

from api.deletions.answer_deletion import answer_deletion
from api.deletions.blueprint import DeletionView
from api.files.blueprint import FilePath, files_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.artifacts.storage import Bucket
from core.files.delete_file import carry_out_file_deletion, request_file_deletion
from core.jobs.retention.tables import Deletion


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
    return delete_one(path.parse())


def delete_one(file_id: UUID) -> Response:
    """Deletes the account's file, and answers with the receipt. Raises FileNotFound, FileDeleted, and FileInUse."""
    return answer_deletion(partial(request_file_deletion, file_id=file_id), _carry_out)


def _carry_out(deletion: Deletion, bucket: Bucket) -> Deletion:
    return carry_out_file_deletion(deletion.id, file_id=deletion.job_id, bucket=bucket)
