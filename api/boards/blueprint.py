"""The blueprint of the board operations, and what several of them share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.v1 import build_blueprint
from core.artifacts.marks.boards import ShownBoard
from core.errors import BoardNotFound
from core.ids import parse_id
from core.plain_text import is_blank, plain_text

boards_blueprint = build_blueprint("boards", "boards", "Lists of pictures, by name.")

_LONGEST_NAME = 100


def _shows_something(name: str) -> str:
    if is_blank(name):
        raise ValueError("shows nothing")
    return name.strip()


BoardName = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_NAME, examples=["Autumn cards"]),
    plain_text(at_most=_LONGEST_NAME),
    AfterValidator(_shows_something),
]


class BoardRequest(BaseModel):
    """A board."""

    model_config = ConfigDict(extra="forbid")

    name: BoardName = Field(description="For people; no two boards of an account have the same.")


class BoardPath(BaseModel):
    """The id in the address."""

    board_id: str = Field(examples=["board_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The board's id. Raises BoardNotFound for a text that cannot be one, as for a board that does not exist."""
        board_id = parse_id("board", self.board_id)
        if board_id is None:
            raise BoardNotFound
        return board_id


class BoardView(BaseModel):
    """A board."""

    id: str = Field(examples=["board_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    name: str = Field(examples=["Autumn cards"])
    outputs: int = Field(description="Pictures on it: `GET /v1/outputs?board=…` lists them.", examples=[12])
    created_at: datetime
    updated_at: datetime = Field(description="When it got its name.")

    @classmethod
    def build(cls, board: ShownBoard) -> BoardView:
        return cls(
            id=board.public_id,
            name=board.name,
            outputs=board.outputs,
            created_at=board.created_at,
            updated_at=board.updated_at,
        )
