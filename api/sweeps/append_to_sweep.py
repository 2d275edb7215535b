"""`POST /v1/sweeps/{sweep_id}/append`: add values to a draft."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.no_query import takes_no_query
from api.sweeps.blueprint import ABSENT, QUEUE_PROBLEMS, SweepPath, current_sender, describe, sweeps_blueprint
from core.sweeps import change_draft
from core.sweeps.sweep_request import SweepValues
from core.sweeps.sweep_view import SweepView


@sweeps_blueprint.post(
    "/sweeps/<sweep_id>/append",
    summary="Add values to a draft",
    responses={
        200: SweepView,
        **describe(QUEUE_PROBLEMS, ABSENT, {409: "It is no draft any more (`sweep_not_draft`)."}),
    },
)
@takes_no_query
def append_to_sweep(path: SweepPath, body: SweepValues) -> Response:
    """Add prompts, styles, seeds or values of parameters behind those that the draft has; it is the product of all of them. A value
    that it has already changes nothing, so that a call can be repeated.
    """
    return answer(change_draft.append_to_sweep(body, current_sender(), sweep_id=path.parse()))
