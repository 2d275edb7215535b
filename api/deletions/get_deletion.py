"""`GET /v1/deletions/{deletion_id}`: read a receipt."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from api.authentication import current_account_id
from api.deletions.blueprint import DeletionView, deletions_blueprint
from api.v1 import NoQuery, describe_problems
from core.database import transaction
from core.errors import DeletionNotFound
from core.ids import parse_id
from core.jobs.retention.deletion_receipts import get_deletion as read_deletion


class DeletionPath(BaseModel):
    """The id in the address."""

    deletion_id: str = Field(examples=["del_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])


@deletions_blueprint.get(
    "/deletions/<deletion_id>",
    summary="Read the receipt of a deletion",
    responses={200: DeletionView, **describe_problems({404: "There is no such deletion in this account."})},
)
def get_deletion(path: DeletionPath, query: NoQuery) -> Response:  # noqa: ARG001  (its being empty is the check)
    """What was deleted, when, and with which key."""
    deletion_id = parse_id("del", path.deletion_id)
    if deletion_id is None:
        raise DeletionNotFound
    with transaction() as session:
        view = DeletionView.build(read_deletion(session, account_id=current_account_id(), deletion_id=deletion_id))
    return Response(view.model_dump_json(), mimetype="application/json")
