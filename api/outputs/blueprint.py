"""The blueprint of the output operations, and what several of them share."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from api.v1 import add_id_converter, build_blueprint
from core.errors import OutputNotFound
from core.gallery.output_view import GalleryOutputView
from core.ids import parse_id

outputs_blueprint = build_blueprint(
    "outputs", "outputs", "The account's pictures: find them again, mark favourites, put them on boards."
)
# `/v1/outputs/change` is an operation of its own, and no output.
add_id_converter(outputs_blueprint, "output", "change")


def _is_a_board(text: str) -> str:
    if parse_id("board", text) is None:
        raise ValueError("is not the id of a board")
    return text


def _is_an_output(text: str) -> str:
    if parse_id("art", text) is None:
        raise ValueError("is not the id of an output")
    return text


BoardId = Annotated[str, AfterValidator(_is_a_board), Field(examples=["board_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])]
OutputId = Annotated[str, AfterValidator(_is_an_output), Field(examples=["art_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])]


def parse_checked(prefix: str, text: str) -> UUID:
    """The UUID of an id that was checked before."""
    parsed = parse_id(prefix, text)
    if parsed is None:
        raise AssertionError(f"{text!r} was checked")
    return parsed


class OutputPath(BaseModel):
    """The id in the address."""

    output_id: str = Field(examples=["art_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The output's id. Raises OutputNotFound for a text that cannot be one, as for an output that does not exist."""
        output_id = parse_id("art", self.output_id)
        if output_id is None:
            raise OutputNotFound
        return output_id


class OutputList(BaseModel):
    """One page of outputs."""

    data: list[GalleryOutputView]
    next_cursor: str | None
