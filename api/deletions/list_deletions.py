"""`GET /v1/deletions`: page through the account's receipts."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.cursor import check_cursor
from api.deletions.blueprint import DeletionView, deletions_blueprint
from core.database import transaction
from core.ids import format_id, parse_id
from core.jobs.retention import deletion_receipts


class ListDeletionsQuery(CachedSchema):
    """Page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )


class DeletionList(BaseModel):
    """One page of receipts, newest first."""

    data: list[DeletionView]
    next_cursor: str | None


@deletions_blueprint.get(
    "/deletions", summary="List the receipts of deletions", responses={200: DeletionList, **NOT_MODIFIED}
)
def list_deletions(query: ListDeletionsQuery) -> Response:
    """The account's receipts, newest first."""
    after = parse_id("cur", query.cursor) if query.cursor else None
    with transaction() as session:
        deletions = deletion_receipts.list_deletions(
            session, account_id=current_account_id(), after=after, at_most=query.limit + 1
        )
    page = deletions[: query.limit]
    has_more = len(deletions) > query.limit
    listed = DeletionList(
        data=[DeletionView.build(deletion) for deletion in page],
        next_cursor=format_id("cur", page[-1].id) if has_more else None,
    )
    return answer_read(listed)
