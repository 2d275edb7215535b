"""`PATCH /v1/outputs/{output_id}`: make a picture a favourite, and choose the boards that it is on."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.outputs.blueprint import BoardId, OutputPath, outputs_blueprint, parse_checked
from api.v1 import describe_problems
from core.artifacts.marks.boards import MAX_BOARDS
from core.artifacts.marks.mark_outputs import Marks
from core.database import transaction
from core.gallery.change_outputs import change_output
from core.gallery.output_view import GalleryOutputView, build_output_view


class OutputChange(BaseModel):
    """What is to be different: a field that is left out, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid")

    favourite: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="Whether it is a favourite."
    )
    boards: Annotated[list[BoardId], Field(max_length=MAX_BOARDS)] | None = Field(
        default=None, description="Exactly the boards that it is to be on."
    )


@outputs_blueprint.patch(
    "/outputs/<output:output_id>",
    summary="Mark an output",
    responses={
        200: GalleryOutputView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                404: "There is no such output in this account (any more).",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def patch_output(path: OutputPath, body: OutputChange) -> Response:
    """A favourite is spared where jobs are deleted "all but favourites"; it is kept no longer than any other picture. A picture may be
    on several boards: they are lists, and not folders.
    """
    boards = None if body.boards is None else [parse_checked("board", text) for text in body.boards]
    with transaction() as session:
        output = change_output(
            session,
            path.parse(),
            Marks(is_favourite=body.favourite, boards=boards),
            account_id=current_account_id(),
            board_fields={board_id: f"boards.{place}" for place, board_id in enumerate(boards or ())},
        )
    return answer(build_output_view(output))
