"""`GET /v1/files/{file_id}`: read a file."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.files.blueprint import FilePath, files_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.database import transaction
from core.files import read_files
from core.files.file_view import FileView, build_file_view


@files_blueprint.get(
    "/files/<file_id>",
    summary="Read a file",
    responses={
        200: FileView,
        **describe_problems(
            {404: "There is no such file in this account.", 410: "It has been deleted, or its time was over."}
        ),
    },
)
@takes_no_query
def get_file(path: FilePath) -> Response:
    """The file, with a fresh download address."""
    with transaction() as session:
        view = build_file_view(read_files.get_file(session, account_id=current_account_id(), file_id=path.parse()))
    return answer(view)
