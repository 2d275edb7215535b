"""`POST /v1/sweeps`: take a sweep."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response
from pydantic import ConfigDict

from api.answer import answer
from api.headers import Headers
from api.idempotency_key import IdempotencyKeyText, idempotency_key_field
from api.sweeps.blueprint import QUEUE_PROBLEMS, current_sender, describe, sweeps_blueprint
from core.sweeps.create_sweep import create_sweep
from core.sweeps.sweep_request import SweepRequest
from core.sweeps.sweep_view import SweepView

_log = structlog.get_logger()


class PostSweepHeaders(Headers):
    """Optional headers of the request."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: IdempotencyKeyText | None = idempotency_key_field(
        "Sending the same key and body again gives the first sweep again, instead of a second one.",
    )


@sweeps_blueprint.post(
    "/sweeps",
    summary="Send a sweep",
    responses={
        202: SweepView,
        **describe(QUEUE_PROBLEMS, {410: "The sweep that this Idempotency-Key made has been deleted."}),
    },
)
def post_sweep(header: PostSweepHeaders, body: SweepRequest) -> Response:
    """Queue one job for each cell: all of them, or none if anything is wrong. The cells are the product of all axes: prompts change
    slowest, then styles and parameters in the order given, and seeds fastest. With `draft` nothing is queued until the sweep is
    finalised.
    """
    accepted = create_sweep(body, current_sender(), idempotency_key=header.idempotency_key)
    if accepted.is_new:
        _log.info("sweep_accepted", sweep_id=accepted.view.id, status=accepted.view.status, cells=accepted.view.cells)
    response = answer(accepted.view, HTTPStatus.ACCEPTED)
    response.headers["Location"] = accepted.view.urls.self
    if not accepted.is_new:
        response.headers["Idempotent-Replayed"] = "true"
    return response
