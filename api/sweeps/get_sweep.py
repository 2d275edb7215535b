"""`GET /v1/sweeps/{sweep_id}`: read a sweep."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.sweeps.blueprint import ABSENT, SweepPath, describe, sweeps_blueprint
from core.database import transaction
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.sweep_view import SweepView


@sweeps_blueprint.get("/sweeps/<sweep_id>", summary="Read a sweep", responses={200: SweepView, **describe(ABSENT)})
@takes_no_query
def get_sweep(path: SweepPath) -> Response:
    """The sweep as it stands: how many of its jobs have which status, and its contact sheet once all have ended."""
    with transaction() as session:
        view = read_sweep(session, account_id=current_account_id(), sweep_id=path.parse())
    return answer(view)
