"""`GET /v1/sweeps`: page through the account's sweeps."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.cursor import check_cursor
from api.sweeps.blueprint import sweeps_blueprint
from core.database import transaction
from core.ids import format_id, parse_id
from core.sweeps import read_sweeps
from core.sweeps.sweep_view import SweepView
from core.sweeps.tables import SweepStatus


class ListSweepsQuery(CachedSchema):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    status: list[SweepStatus] = Field(default=[], max_length=len(SweepStatus), description="Of any of these statuses.")
    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filter."
    )


class SweepList(BaseModel):
    """One page of sweeps, newest first."""

    data: list[SweepView]
    next_cursor: str | None


@sweeps_blueprint.get("/sweeps", summary="List sweeps", responses={200: SweepList})
def list_sweeps(query: ListSweepsQuery) -> Response:
    """The account's sweeps, newest first."""
    with transaction() as session:
        found = read_sweeps.list_sweeps(
            session,
            account_id=current_account_id(),
            statuses=query.status,
            after=parse_id("cur", query.cursor) if query.cursor else None,
            at_most=query.limit + 1,
        )
    page = found[: query.limit]
    last = parse_id("sweep", page[-1].id) if len(found) > query.limit else None
    return answer(SweepList(data=page, next_cursor=None if last is None else format_id("cur", last)))
