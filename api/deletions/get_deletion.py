"""`GET /v1/deletions/{deletion_id}`: read a receipt."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.deletions.blueprint import DeletionView, deletions_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.database import transaction
from core.errors import DeletionNotFound
from core.ids import parse_id
from core.jobs.retention import deletion_receipts


class DeletionPath(BaseModel):
    """The id in the address."""

    deletion_id: str = Field(examples=["del_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])


@deletions_blueprint.get(
    "/deletions/<deletion_id>",
    summary="Read the receipt of a deletion",
    responses={
        200: DeletionView,
        **NOT_MODIFIED,
        **describe_problems({404: "There is no such deletion in this account."}),
    },
)
@takes_no_query
def get_deletion(path: DeletionPath) -> Response:
    """What was deleted, when, and with which key."""
    deletion_id = parse_id("del", path.deletion_id)
    if deletion_id is None:
        raise DeletionNotFound
    with transaction() as session:
        deletion = deletion_receipts.get_deletion(session, account_id=current_account_id(), deletion_id=deletion_id)
    return answer_read(DeletionView.build(deletion))
