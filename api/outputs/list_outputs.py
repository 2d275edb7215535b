"""`GET /v1/outputs`: find the account's pictures, and page through them."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, ConfigDict, Field

from api.answer import NOT_MODIFIED, answer_version
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.cursor import check_cursor
from api.jobs.job_filters import ModelName, Moment, SearchText, StyleText, SweepId
from api.outputs.blueprint import BoardId, OutputList, outputs_blueprint
from core.catalog.families import Task
from core.database import read_with_one_retry
from core.gallery import read_outputs as use_case
from core.gallery.output_filter import OutputFilter
from core.gallery.output_view import build_output_view
from core.ids import format_id, parse_id
from core.jobs.selection.select_ids import Order

_MOST_VALUES = 50


class ListOutputsQuery(CachedSchema):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    favourite: bool | None = Field(default=None, description="True: favourites alone; false: all others.")
    board: BoardId | None = Field(default=None, description="On this board.")
    on_board: bool | None = Field(default=None, description="True: on any board; false: on none.")
    model: list[ModelName] = Field(
        default=[], max_length=_MOST_VALUES, description="Drawn by any of these models.", examples=[["picturebook"]]
    )
    task: list[Task] = Field(default=[], max_length=_MOST_VALUES, description="Of any of these tasks.")
    style: list[StyleText] = Field(
        default=[],
        max_length=_MOST_VALUES,
        description="Sent with any of these styles.",
        examples=[["packshot-on-white"]],
    )
    sweep: SweepId | None = Field(
        default=None, description="Of this sweep.", examples=["sweep_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"]
    )
    prompt: SearchText | None = Field(
        default=None,
        description='Whose prompt has all these words, in any order and case; `"red mug"` is a phrase, `or` an alternative, and '
        "a minus excludes a word. Words are compared as they are: *mugs* is not *mug*.",
        examples=["red mug -blue"],
    )
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="Whose bytes have this sha256, in hexadecimal digits: which of the pictures is a file, and which job made it.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    created_after: Moment | None = Field(
        default=None, description="Made at this time or later (RFC 3339, with a time zone)."
    )
    created_before: Moment | None = Field(default=None, description="Made before this time.")
    order: Order = Field(default="desc", description="`desc`: newest first; `asc`: oldest first.")
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filters and order."
    )

    def build_filter(self) -> OutputFilter:
        return OutputFilter(
            favourite=self.favourite,
            board_id=parse_id("board", self.board) if self.board else None,
            on_board=self.on_board,
            models=self.model,
            tasks=self.task,
            styles=self.style,
            sweep_id=parse_id("sweep", self.sweep) if self.sweep else None,
            prompt=self.prompt,
            sha256=self.sha256.lower() if self.sha256 else None,
            created_after=self.created_after,
            created_before=self.created_before,
        )


@outputs_blueprint.get("/outputs", summary="List outputs", responses={200: OutputList, **NOT_MODIFIED})
def list_outputs(query: ListOutputsQuery) -> Response:
    """The account's pictures that fit all filters, newest first. A parameter of several values is repeated. Pictures that were
    deleted or have expired are not among them.

    A cursor is good for as long as there are pictures: pages neither repeat nor miss one, whatever is made or goes in between. Send
    the ETag as `If-None-Match`, and an unchanged page is 304.
    """
    page = read_with_one_retry(
        lambda connection: use_case.list_outputs(
            connection,
            query.build_filter(),
            account_id=current_account_id(),
            limit=query.limit,
            order=query.order,
            after=parse_id("cur", query.cursor) if query.cursor else None,
        )
    )
    cursor = format_id("cur", page.next_after) if page.next_after else None
    return answer_version(
        use_case.name_version(page.outputs, cursor),
        lambda: OutputList(
            data=[build_output_view(output) for output in page.outputs], next_cursor=cursor
        ).model_dump_json(),
    )
