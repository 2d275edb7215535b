"""The blueprint of Replicate's operations, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response

from api.problems import Problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect

replicate_blueprint = build_dialect_blueprint("replicate", "/replicate/v1")

#: What pages with its client send.
SENT_HEADERS = ("Cancel-After", "X-Stainless-Retry-Count", "X-Stainless-Read-Timeout")

#: What passes by itself: the client is to send the request again.
_PASSES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE})


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem one of Replicate's, which are of the same standard: the status stays."""
    shown = {name: getattr(problem, name) for name in ("type", "title", "status", "detail", "code")}
    shown["instance"] = problem.request_id
    if problem.errors:
        shown["invalid_fields"] = [
            {"type": each.code, "field": each.field, "description": each.message} for each in problem.errors
        ]
    response.mimetype = "application/json"
    response.set_data(json.dumps(shown))
    # Without it the client sends again what would come to the same.
    response.headers["X-Should-Retry"] = "true" if problem.status in _PASSES else "false"


DIALECT = Dialect("replicate", replicate_blueprint, show_problem, SENT_HEADERS)
