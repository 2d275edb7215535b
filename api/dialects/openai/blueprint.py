"""The blueprint of OpenAI's operations, and their errors."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response

from api.problems import Problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect

openai_blueprint = build_dialect_blueprint("openai", "/openai/v1")

#: What pages with the client `openai` send.
SENT_HEADERS = (
    *("OpenAI-Organization", "OpenAI-Project", "OpenAI-Beta", "X-Stainless-Retry-Count", "X-Stainless-Timeout"),
    *("X-Stainless-Lang", "X-Stainless-Package-Version", "X-Stainless-OS", "X-Stainless-Arch", "X-Stainless-Runtime"),
    *("X-Stainless-Runtime-Version", "X-Stainless-Read-Timeout", "X-Stainless-Helper-Method"),
)

#: By our status: the status, and the type of the error. The others keep theirs, and are `invalid_request_error` or `server_error`.
_ERRORS = {
    HTTPStatus.UNPROCESSABLE_ENTITY: (HTTPStatus.BAD_REQUEST, "invalid_request_error"),
    HTTPStatus.GONE: (HTTPStatus.NOT_FOUND, "invalid_request_error"),
    HTTPStatus.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, "authentication_error"),
    HTTPStatus.TOO_MANY_REQUESTS: (HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_error"),
}

#: Of our codes, those that programs know under another name.
_CODES = {"not_authenticated": "invalid_api_key", "too_many_queued_jobs": "rate_limit_exceeded"}

#: What passes by itself: the client is to send the request again.
_PASSES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE})


def show_problem(problem: Problem, response: Response) -> None:
    """Makes a problem an error of OpenAI's."""
    ours = HTTPStatus(problem.status)
    is_server = ours >= HTTPStatus.INTERNAL_SERVER_ERROR
    status, type_ = _ERRORS.get(ours, (ours, "server_error" if is_server else "invalid_request_error"))
    field = problem.errors[0].field if problem.errors else None
    code = _CODES.get(problem.code, problem.code)
    write_error(
        response, status, message=problem.detail, type_=type_, code=code, param=field, is_repeated=ours in _PASSES
    )


DIALECT = Dialect("openai", openai_blueprint, show_problem, SENT_HEADERS)


def write_error(
    response: Response,
    status: HTTPStatus,
    *,
    message: str,
    type_: str,
    code: str,
    param: str | None = None,
    is_repeated: bool = False,
) -> None:
    """Makes the answer an error. Without `is_repeated` the client does not send the request again: it would come to the same."""
    response.status_code = status
    response.mimetype = "application/json"
    response.set_data(json.dumps({"error": {"message": message, "type": type_, "param": param, "code": code}}))
    response.headers["X-Should-Retry"] = "true" if is_repeated else "false"
