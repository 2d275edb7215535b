"""The blueprint of the operations of fal's queue, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response

from api.problems import FieldProblem, Problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect

fal_blueprint = build_dialect_blueprint("fal", "/fal")

#: What pages with its client send.
SENT_HEADERS = (
    *("X-Fal-Queue-Priority", "X-Fal-Request-Timeout", "X-Fal-Store-IO", "X-Fal-Object-Lifecycle-Preference"),
    *("X-Fal-Runner-Hint", "X-Fal-No-Retry"),
)

#: Where a field stands that is not in the body.
_ELSEWHERE = {"fal_webhook": "query", "path": "path"}


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem an error of fal's."""
    is_input = problem.status == HTTPStatus.UNPROCESSABLE_ENTITY and problem.errors
    detail = [_show_field(each) for each in problem.errors] if is_input else problem.detail
    response.mimetype = "application/json"
    response.set_data(json.dumps({"detail": detail} | ({} if is_input else {"error_type": problem.code})))
    response.headers["X-Fal-Request-Id"] = problem.request_id or ""
    mark_error(response, problem.code, retryable=problem.status >= HTTPStatus.TOO_MANY_REQUESTS)


DIALECT = Dialect("fal", fal_blueprint, show_problem, SENT_HEADERS)


def answer(body: dict[str, Any], *, job_id: str, status: int = HTTPStatus.OK) -> Response:
    """An answer about a job. By the id its client knows that it comes from no proxy, and takes it as it is."""
    return Response(json.dumps(body), status, {"X-Fal-Request-Id": job_id}, mimetype="application/json")


def mark_error(response: Response, type_: str, *, retryable: bool) -> None:
    """Its kind, and whether sending the request again may help."""
    response.headers["X-Fal-Error-Type"] = type_
    response.headers["X-Fal-Retryable"] = "true" if retryable else "false"


def _show_field(problem: FieldProblem) -> dict[str, Any]:
    place = "header" if problem.field.startswith("X-") else _ELSEWHERE.get(problem.field, "body")
    return {"loc": [place, *problem.field.split(".")], "msg": problem.message, "type": problem.code}
