"""The blueprint of RunPod's operations, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response

from api.problems import Problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect

runpod_blueprint = build_dialect_blueprint("runpod", "/runpod/v2")

#: What is wrong with a request is 400 there. The other statuses stay.
_STATUS = {HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST, HTTPStatus.GONE: HTTPStatus.NOT_FOUND}


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem an error of RunPod's. Each field that is wrong is named."""
    found = [f"{each.field}: {each.message}" for each in problem.errors]
    ours = HTTPStatus(problem.status)
    response.status_code = _STATUS.get(ours, ours)
    response.mimetype = "application/json"
    response.set_data(json.dumps({"error": "; ".join(found) or problem.detail, "code": problem.code}))


DIALECT = Dialect("runpod", runpod_blueprint, show_problem)
