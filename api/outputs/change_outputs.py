"""`POST /v1/outputs/change`: mark many pictures at once."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.outputs.blueprint import BoardId, OutputId, outputs_blueprint, parse_checked
from api.v1 import describe_problems
from core.artifacts.marks.mark_outputs import Marks
from core.database import transaction
from core.gallery import change_outputs as use_case
from core.gallery.output_view import GalleryOutputView, build_output_view

_MOST_OUTPUTS = 100


class OutputsChange(BaseModel):
    """Which pictures, and what is to be different; what is left out, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid")

    outputs: Annotated[list[OutputId], Field(min_length=1, max_length=_MOST_OUTPUTS)]
    favourite: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="Whether they are favourites."
    )
    add_to_board: BoardId | None = Field(default=None, description="They are put on this board as well.")
    remove_from_board: BoardId | None = Field(default=None, description="They are taken off this board.")


class ChangedOutputs(BaseModel):
    """The pictures as they are now, in the order of the request."""

    data: list[GalleryOutputView]


@outputs_blueprint.post(
    "/outputs/change",
    summary="Mark many outputs",
    responses={
        200: ChangedOutputs,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def change_outputs(body: OutputsChange) -> Response:
    """Marks up to 100 pictures: all of them, or none. 422 names each that is not there (any more). What is marked so already stays as
    it is, so the same can be sent twice.
    """
    fields = {
        parse_checked("board", text): field
        for field, text in (("add_to_board", body.add_to_board), ("remove_from_board", body.remove_from_board))
        if text is not None
    }
    with transaction() as session:
        outputs = use_case.change_outputs(
            session,
            list(dict.fromkeys(parse_checked("art", text) for text in body.outputs)),
            Marks(
                is_favourite=body.favourite,
                add_to=[board_id for board_id, field in fields.items() if field == "add_to_board"],
                remove_from=[board_id for board_id, field in fields.items() if field == "remove_from_board"],
            ),
            account_id=current_account_id(),
            board_fields=fields,
        )
    return answer(ChangedOutputs(data=[build_output_view(output) for output in outputs]))
