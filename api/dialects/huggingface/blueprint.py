"""The blueprint of Hugging Face's operations, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response

from api.problems import Problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect

huggingface_blueprint = build_dialect_blueprint("huggingface", "/huggingface")

#: What pages with the client `@huggingface/inference` send.
SENT_HEADERS = ("X-HF-Bill-To", "X-Use-Cache", "X-Wait-For-Model")


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem an error of Hugging Face's; the status stays. Each field that is wrong is named."""
    found = [f"{each.field}: {each.message}" for each in problem.errors]
    write_error(response, HTTPStatus(problem.status), "; ".join(found) or problem.detail, code=problem.code)


DIALECT = Dialect("huggingface", huggingface_blueprint, show_problem, SENT_HEADERS)


def write_error(response: Response, status: HTTPStatus, message: str, *, code: str, **more: Any) -> None:
    """Makes the answer an error. Clients show its `error`, and the header."""
    response.status_code = status
    response.mimetype = "application/json"
    response.set_data(json.dumps({"error": message, "error_type": code, **more}))
    # A header has neither line ends nor other alphabets.
    response.headers["X-Error-Message"] = " ".join(message.split()).encode("ascii", "replace").decode()
