"""Every error as RFC 9457 problem+json."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, current_app, request
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.contextvars import get_contextvars
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as UnknownPath

from api.browser.unknown_paths import explain_absence, explain_method
from api.problem_kinds import ERROR_PAGES, HTTP_CODES, OF_THE_BODY, RETRY_AFTER, RETRY_AFTER_SECONDS, find_status
from api.server.connection_end import ConnectionEnd, end_connection
from core.database import is_unavailable
from core.errors import (
    LONGEST_FIELD_NAME,
    MOST_FIELD_ERRORS,
    DarkroomError,
    FieldCode,
    FieldError,
    InvalidRequest,
    NotAuthenticated,
    PicturesBusy,
    StorageUnavailable,
    SubmitsBusy,
)
from core.field_errors import list_field_errors
from core.settings import get_settings

_log = structlog.get_logger()


class FieldProblem(BaseModel):
    """One field and what is wrong with it."""

    field: str = Field(description="A dotted path, such as `metadata.order`; `body`: the whole.", examples=["width"])
    code: FieldCode = Field(description="The stable word for programs.", examples=["out_of_range"])
    message: str = Field(description="For people.", examples=["this model allows at most 256"])
    allowed: dict[str, Any] | None = Field(
        default=None,
        exclude_if=lambda allowed: allowed is None,
        description="The values that it may have, in the words of JSON schema; absent if there is no such set or range.",
        examples=[{"minimum": 8, "maximum": 256, "multipleOf": 8}],
    )


class Problem(BaseModel):
    """An error (RFC 9457). `code` is the stable word for programs."""

    type: str = Field(
        description="The address of the page of the `code`.",
        examples=["https://darkroom.example/docs/errors/invalid_request"],
    )
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
        response = build_problem(
            find_status(type(error)),
            error.code,
            error.message,
            error.errors if isinstance(error, InvalidRequest) else [],
        )
        _say_what_is_next(error, response)
        return response

    @app.errorhandler(HTTPException)
    def answer_http_error(error: HTTPException) -> Response:
        if error.response is not None:  # a validation problem, built below
            return error.response  # type: ignore[return-value]  # werkzeug types it as its own, wider class
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        code = HTTP_CODES.get(status, "http_error")
        message = _describe_http_error(error) or status.description
        errors = [FieldError("body", message, "not_readable")] if status in OF_THE_BODY else []
        response = build_problem(status, code, message, errors)
        allow = error.get_response().headers.get("Allow")
        if allow is not None:
            response.headers["Allow"] = allow
        return response

    @app.errorhandler(PoolTimeout)
    @app.errorhandler(PendingRollbackError)
    @app.errorhandler(DBAPIError)
    def answer_database_error(error: DBAPIError | PendingRollbackError | PoolTimeout) -> Response:
        if is_unavailable(error):
            _log.warning("database_unavailable", error=str(error))
            response = build_problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "database_unavailable",
                "The database did not answer in time, or takes no writes now. Send the request again; with an Idempotency-Key "
                "it counts once.",
            )
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
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
    invalid = InvalidRequest(list_field_errors(error))
    return build_problem(HTTPStatus.UNPROCESSABLE_ENTITY, invalid.code, invalid.message, invalid.errors)


def _describe_http_error(error: HTTPException) -> str | None:
    if not isinstance(request.routing_exception, type(error)):
        return error.description
    if isinstance(error, MethodNotAllowed):
        return explain_method(request.method, request.path, error.valid_methods or ())
    return explain_absence(request.path, current_app.url_map) if isinstance(error, UnknownPath) else error.description


def _say_what_is_next(error: DarkroomError, response: Response) -> None:
    if isinstance(error, NotAuthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    if type(error) in RETRY_AFTER:
        response.headers["Retry-After"] = str(RETRY_AFTER[type(error)])
    if isinstance(error, (PicturesBusy, SubmitsBusy)):
        # Many clients that try again at once would take the time of all others.
        end_connection(ConnectionEnd.LATE_ANSWER)


def build_problem(status: HTTPStatus, code: str, detail: str, errors: list[FieldError] | None = None) -> Response:
    """One problem+json answer."""
    problem = Problem(
        type=f"{get_settings().public_url}{ERROR_PAGES}/{code}",
        title=status.phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[_show_field(error) for error in (errors or [])[:MOST_FIELD_ERRORS]],
        request_id=get_contextvars().get("request_id"),
    )
    return Response(problem.model_dump_json(), status=status, mimetype="application/problem+json")


def _show_field(error: FieldError) -> FieldProblem:
    return FieldProblem(
        field=error.field[:LONGEST_FIELD_NAME],
        code=error.code,
        message=error.message,
        allowed=None if error.allowed is None else dict(error.allowed),
    )


def _keep_from_customers(error: DarkroomError) -> DarkroomError:
    """The error as a customer may read it: the store's own answer names our settings, and is for the operator's log."""
    if not isinstance(error, StorageUnavailable):
        return error
    _log.warning("storage_unavailable", error=error.message)
    return type(error)()
