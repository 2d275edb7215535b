"""`POST /v1/sweeps/{sweep_id}/cancel`: cancel a sweep."""

from __future__ import annotations

import structlog
from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.sweeps.blueprint import ABSENT, SweepPath, describe, sweeps_blueprint
from core.sweeps import cancel_sweep as use_case
from core.sweeps.sweep_view import SweepView

_log = structlog.get_logger()


@sweeps_blueprint.post(
    "/sweeps/<sweep_id>/cancel",
    summary="Cancel a sweep",
    responses={200: SweepView, **describe(ABSENT, {409: "All its jobs have ended (`sweep_finished`)."})},
)
@takes_no_query
def cancel_sweep(path: SweepPath) -> Response:
    """Cancel the sweep as a whole: its queued jobs at once, its running ones at their next step. What has succeeded stays, and is on
    the contact sheet. Cancelling twice changes nothing.
    """
    view = use_case.cancel_sweep(account_id=current_account_id(), sweep_id=path.parse())
    _log.info("sweep_cancel_requested", sweep_id=view.id, status=view.status)
    return answer(view)
