"""`GET /v1/files`: page through the account's files."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.cursor import check_cursor
from api.files.blueprint import files_blueprint
from core.database import transaction
from core.files import read_files
from core.files.file_view import FileView, build_file_view
from core.ids import format_id, parse_id


class ListFilesQuery(CachedSchema):
    """Page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )


class FileList(BaseModel):
    """One page of files, newest first."""

    data: list[FileView]
    next_cursor: str | None


@files_blueprint.get("/files", summary="List files", responses={200: FileList})
def list_files(query: ListFilesQuery) -> Response:
    """The account's files, newest first."""
    after = parse_id("cur", query.cursor) if query.cursor else None
    with transaction() as session:
        files = read_files.list_files(session, account_id=current_account_id(), after=after, at_most=query.limit + 1)
        page = files[: query.limit]
        listed = FileList(
            data=[build_file_view(file) for file in page],
            next_cursor=format_id("cur", page[-1].id) if len(files) > query.limit else None,
        )
    return answer(listed)
