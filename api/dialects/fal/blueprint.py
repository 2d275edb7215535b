"""The blueprint of the operations of fal's queue, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response

from api.problems import FieldProblem, Problem
from api.translation.blueprint import build_dialect_blueprint
from core.webhook_shapes.fal import FalFailure

fal_blueprint = build_dialect_blueprint("fal", "/fal")

#: What pages with its client send.
SENT_HEADERS = (
    *("X-Fal-Queue-Priority", "X-Fal-Request-Timeout", "X-Fal-Store-IO", "X-Fal-Object-Lifecycle-Preference"),
    *("X-Fal-Runner-Hint", "X-Fal-No-Retry"),
)

#: Where a field stands that is not in the body.
_ELSEWHERE = {"fal_webhook": "query", "path": "path"}

#: Its client sends a request again that is answered with this, ten times: here it would come to the same.
_REPEATED = {HTTPStatus.CONFLICT: HTTPStatus.BAD_REQUEST}


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem an error of fal's."""
    status = _REPEATED.get(HTTPStatus(problem.status), HTTPStatus(problem.status))
    body: dict[str, Any] = {"detail": problem.detail, "error_type": problem.code}
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and problem.errors:
        body = {"detail": [_show_field(each) for each in problem.errors]}
    write_body(response, body, status=status, request_id=problem.request_id)
    response.headers["X-Fal-Error-Type"] = problem.code
    response.headers["X-Fal-Retryable"] = "true" if status >= HTTPStatus.TOO_MANY_REQUESTS else "false"


def answer(body: dict[str, Any], *, job_id: str, status: int = HTTPStatus.OK) -> Response:
    """An answer about a job."""
    response = Response()
    write_body(response, body, status=status, request_id=job_id)
    return response


def answer_failure(failure: FalFailure, *, job_id: str, retryable: bool) -> Response:
    """The error of a job."""
    response = answer(failure.build_body(), job_id=job_id, status=failure.status)
    response.headers["X-Fal-Error-Type"] = failure.type
    response.headers["X-Fal-Retryable"] = "true" if retryable else "false"
    if failure.type == "request_timeout":
        # The time was the sender's own: its client does not send the request again then.
        response.headers["X-Fal-Request-Timeout-Type"] = "user"
    return response


def write_body(response: Response, body: dict[str, Any], *, status: int, request_id: str | None) -> None:
    """Makes the answer this one. With the id its client knows that it comes from no proxy, and takes it as it is."""
    response.status_code = status
    response.mimetype = "application/json"
    response.set_data(json.dumps(body))
    response.headers["X-Fal-Request-Id"] = request_id or ""


def _show_field(problem: FieldProblem) -> dict[str, Any]:
    place = "header" if problem.field.startswith("X-") else _ELSEWHERE.get(problem.field, "body")
    return {"loc": [place, *problem.field.split(".")], "msg": problem.message, "type": problem.code}
