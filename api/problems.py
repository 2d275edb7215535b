"""Every error as RFC 9457 problem+json, and the one table that maps core's errors to HTTP."""

from __future__ import annotations

import json
from http import HTTPStatus

import structlog
from flask import Flask, Response
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.contextvars import get_contextvars
from werkzeug.exceptions import HTTPException

from api.server.connection_end import ConnectionEnd, end_connection
from core.database import is_unavailable
from core.errors import (
    LONGEST_FIELD_NAME,
    MOST_FIELD_ERRORS,
    DarkroomError,
    FieldError,
    IdempotencyKeyReused,
    InvalidRequest,
    JobDeleted,
    JobFinished,
    JobInUse,
    JobNotFinished,
    NotAuthenticated,
    NotFound,
    ObjectMissing,
    PicturesBusy,
    StorageUnavailable,
    SubmitsBusy,
    TooManyQueuedJobs,
    TooManyWebhookEndpoints,
)

_STATUS: dict[type[DarkroomError], HTTPStatus] = {
    NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    NotFound: HTTPStatus.NOT_FOUND,
    JobDeleted: HTTPStatus.GONE,
    JobFinished: HTTPStatus.CONFLICT,
    JobNotFinished: HTTPStatus.CONFLICT,
    JobInUse: HTTPStatus.CONFLICT,
    TooManyWebhookEndpoints: HTTPStatus.CONFLICT,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    StorageUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    PicturesBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    SubmitsBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyQueuedJobs: HTTPStatus.TOO_MANY_REQUESTS,
}

#: Codes of the web framework's own refusals, made before our code runs.
_HTTP_CODES = {
    400: "invalid_json",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

_RETRY_AFTER_SECONDS = 5

_RETRY_AFTER: dict[type[DarkroomError], int] = {
    StorageUnavailable: _RETRY_AFTER_SECONDS,
    ObjectMissing: _RETRY_AFTER_SECONDS,
    PicturesBusy: 1,
    SubmitsBusy: 1,
    # A full queue takes longer to have a free slot than a server takes to come back.
    TooManyQueuedJobs: 30,
}

_log = structlog.get_logger()


class FieldProblem(BaseModel):
    """One field and what is wrong with it."""

    field: str = Field(examples=["width"])
    message: str


class Problem(BaseModel):
    """An error (RFC 9457). `code` is the stable word for programs."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = []
    request_id: str | None


def register_problems(app: Flask) -> None:
    """Answer every error of the app as problem+json."""

    @app.errorhandler(DarkroomError)
    def answer_known_error(error: DarkroomError) -> Response:
        error = _keep_from_customers(error)
        status = next(
            (status for kind, status in _STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR
        )
        response = build_problem(
            status, error.code, error.message, error.errors if isinstance(error, InvalidRequest) else []
        )
        _say_what_is_next(error, response)
        return response

    @app.errorhandler(HTTPException)
    def answer_http_error(error: HTTPException) -> Response:
        if error.response is not None:  # a validation problem, built below
            return error.response  # type: ignore[return-value]  # werkzeug types it as its own, wider class
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        response = build_problem(status, _HTTP_CODES.get(status, "http_error"), error.description or status.description)
        allow = error.get_response().headers.get("Allow")
        if allow is not None:
            response.headers["Allow"] = allow
        return response

    @app.errorhandler(PoolTimeout)
    @app.errorhandler(DBAPIError)
    def answer_database_error(error: DBAPIError | PoolTimeout) -> Response:
        if is_unavailable(error):
            _log.warning("database_unavailable", error=str(error))
            response = build_problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "database_unavailable",
                "The database did not answer in time. Send the request again; with an Idempotency-Key it counts once.",
            )
            response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
            return response
        return answer_unforeseen_error(error)

    @app.errorhandler(Exception)
    def answer_unforeseen_error(error: Exception) -> Response:
        _log.exception("request_failed", exc_info=error)
        return build_problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side; the request id says where to look in the logs.",
        )


def answer_validation_error(error: ValidationError) -> Response:
    """The 422 for a request that does not fit its model. What was sent is not echoed: prompts are personal data."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    errors = [
        FieldError(".".join(str(part) for part in item["loc"]) or "body", item["msg"].removeprefix("Value error, "))
        for item in found[:MOST_FIELD_ERRORS]
    ]
    return build_problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, InvalidRequest.code, f"{len(found)} fields are not valid.", errors
    )


def _say_what_is_next(error: DarkroomError, response: Response) -> None:
    if isinstance(error, NotAuthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    if type(error) in _RETRY_AFTER:
        response.headers["Retry-After"] = str(_RETRY_AFTER[type(error)])
    if isinstance(error, (PicturesBusy, SubmitsBusy)):
        # Many clients that try again at once would take the time of all others.
        end_connection(ConnectionEnd.LATE_ANSWER)


def build_problem(status: HTTPStatus, code: str, detail: str, errors: list[FieldError] | None = None) -> Response:
    """One problem+json answer."""
    problem = Problem(
        title=status.phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[FieldProblem(field=item.field[:LONGEST_FIELD_NAME], message=item.message) for item in errors or []],
        request_id=get_contextvars().get("request_id"),
    )
    return Response(json.dumps(problem.model_dump()), status=status, mimetype="application/problem+json")


def _keep_from_customers(error: DarkroomError) -> DarkroomError:
    """The error as a customer may read it: the store's own answer names our settings, and is for the operator's log."""
    if not isinstance(error, StorageUnavailable):
        return error
    _log.warning("storage_unavailable", error=error.message)
    return type(error)()
