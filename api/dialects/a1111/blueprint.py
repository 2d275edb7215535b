"""The blueprint of A1111's operations, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response

from api.problems import Problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect

a1111_blueprint = build_dialect_blueprint("a1111", "/a1111")


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem an error of A1111's; the status stays."""
    write_error(response, HTTPStatus(problem.status), error=problem.code, detail=problem.detail)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        # Programs and browsers ask for a name and a password then: the password is the API key.
        response.headers["WWW-Authenticate"] = "Basic"


DIALECT = Dialect("a1111", a1111_blueprint, show_problem)


def write_error(response: Response, status: HTTPStatus, *, error: str, detail: str) -> None:
    """Makes the answer an error."""
    response.status_code = status
    response.mimetype = "application/json"
    response.set_data(json.dumps({"error": error, "detail": detail, "body": "", "errors": detail}))
