"""`/replicate/v1/predictions`: make them, by version, model or deployment, and read, list and cancel them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from api.authentication import current_account_id
from api.dialects.replicate.blueprint import replicate_blueprint
from api.dialects.replicate.named_model import find_model, find_reference
from api.dialects.replicate.prediction_answer import build_prediction, build_waited_prediction
from api.dialects.replicate.prediction_request import read_prediction
from api.json_body import takes_images
from api.live.asked import WaitAsked, can_keep
from api.live.prefer import parse_wait
from api.translation.jobs import cancel_job, find_job, list_newest
from api.translation.submit import read_object, submit
from api.translation.wait import answer_later, read_patience
from core.errors import InvalidRequest, JobFinished
from core.field_errors import list_field_errors
from core.jobs.status import FINISHED
from core.jobs.views.job_view import JobView
from core.settings import get_settings
from core.webhook_shapes.replicate import show_prediction

#: Seconds by which a wait ends before its client gives up; of a short wait, half of it.
_MARGIN_SECONDS = 3.0


class ListQuery(BaseModel):
    """Which predictions are listed."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=100, ge=1, le=100)
    cursor: str | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None


@replicate_blueprint.post("/predictions")
@takes_images("input")
def create_prediction() -> Response:
    """A prediction of the version, or the model, that the body names."""
    body = read_object()
    return _create(body, find_reference(body.pop("version", None)))


@replicate_blueprint.post("/models/<owner>/<name>/predictions")
@replicate_blueprint.post("/deployments/<owner>/<name>/predictions")
@takes_images("input")
def create_prediction_of_model(owner: str, name: str) -> Response:
    """A prediction of the model in the address. A deployment is its model."""
    return _create(read_object(), find_model(owner, name))


@replicate_blueprint.get("/predictions/<job_id>")
def read_prediction_of_job(job_id: str) -> Response:
    """The job as it stands."""
    return jsonify(build_prediction(find_job(job_id)))


@replicate_blueprint.post("/predictions/<job_id>/cancel")
def cancel_prediction(job_id: str) -> Response:
    """Cancels the job. One that has ended stays as it is, and that is no error."""
    try:
        job = cancel_job(job_id)
    except JobFinished:
        job = find_job(job_id)
    return jsonify(build_prediction(job))


@replicate_blueprint.get("/predictions")
def list_predictions() -> Response:
    """The account's jobs, newest first, whichever client sent them."""
    try:
        query = ListQuery.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise InvalidRequest(list_field_errors(error)) from None
    page = list_newest(**query.model_dump())
    following = None
    if page.next_cursor is not None:
        following = f"{get_settings().public_url}{request.path}?" + urlencode(
            {**request.args.to_dict(), "cursor": page.next_cursor}
        )
    results = [show_prediction(job.model_dump(mode="json")) for job in page.jobs]
    return jsonify(next=following, previous=None, results=results)


def _create(body: dict[str, Any], model_id: str) -> Response:
    fields, sent_as = read_prediction(body, model_id)
    seconds = _read_wait()
    is_waiting = seconds > 0 and can_keep(WaitAsked, current_account_id())
    job = submit(fields, sent_as=sent_as, webhook_shape="replicate")
    return answer_later(job, _answer, seconds=seconds) if is_waiting else _answer(job)


def _answer(job: JobView) -> Response:
    response = jsonify(build_waited_prediction(job))
    response.status_code = HTTPStatus.CREATED if job.status in FINISHED else HTTPStatus.ACCEPTED
    return response


def _read_wait() -> float:
    """Seconds that the call may wait."""
    asked = parse_wait(request.headers.get("Prefer"))
    if asked is None:
        return 0.0
    patience = min(float(asked), read_patience() or asked)
    return patience - min(_MARGIN_SECONDS, patience / 2)
