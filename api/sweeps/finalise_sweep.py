"""`POST /v1/sweeps/{sweep_id}/finalise`: queue the jobs of a draft."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response

from api.answer import answer
from api.no_query import takes_no_query
from api.sweeps.blueprint import ABSENT, QUEUE_PROBLEMS, SweepPath, current_sender, describe, sweeps_blueprint
from core.sweeps import change_draft
from core.sweeps.sweep_view import SweepView


@sweeps_blueprint.post(
    "/sweeps/<sweep_id>/finalise",
    summary="Queue the jobs of a draft",
    responses={202: SweepView, **describe({status: QUEUE_PROBLEMS[status] for status in (422, 429)}, ABSENT)},
)
@takes_no_query
def finalise_sweep(path: SweepPath) -> Response:
    """Everything is checked again, and all jobs are queued, or none. A sweep that is no draft stays as it is, so that the call can be
    repeated.
    """
    return answer(change_draft.finalise_sweep(current_sender(), sweep_id=path.parse()), HTTPStatus.ACCEPTED)
