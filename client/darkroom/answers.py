"""Answers of the service, read."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import httpx2
from pydantic import ValidationError

from darkroom.errors import FieldError, Problem, UnexpectedAnswer
from darkroom.views.view import View

Answer = TypeVar("Answer", bound=View)

#: Of an answer that is no JSON, what an error shows.
_SHOWN_CHARACTERS = 200


def read_json(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises UnexpectedAnswer."""
    try:
        value = response.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnexpectedAnswer(
            f"{response.request.url} answered with {response.status_code} and no JSON object: is it the address of a Darkroom? "
            f"It begins: {response.text[:_SHOWN_CHARACTERS]!r}"
        )
    return value


def read_view(view: type[Answer], value: Any) -> Answer:
    """The value as a view. Raises UnexpectedAnswer."""
    try:
        return view.model_validate(value)
    except ValidationError as error:
        raise UnexpectedAnswer(f"this is no {view.__name__} that this client can read: {error}") from error


def read_views(view: type[Answer], values: Any) -> list[Answer]:
    """Each of the values as a view. Raises UnexpectedAnswer."""
    return [read_view(view, value) for value in values]


def read_problem(response: httpx2.Response) -> Problem:
    """What a refusal says; one of a proxy has no code of ours, but its status."""
    try:
        said = response.json()
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    errors = said.get("errors")
    return Problem(
        status=response.status_code,
        code=str(said.get("code") or f"http_{response.status_code}"),
        title=str(said.get("title") or response.reason_phrase),
        detail=str(said.get("detail") or _describe(response)),
        type=str(said.get("type") or ""),
        errors=tuple(_read_field_error(error) for error in errors) if isinstance(errors, list) else (),
        request_id=said.get("request_id") or response.headers.get("X-Request-Id"),
        retry_after=read_retry_after(response),
    )


def read_retry_after(response: httpx2.Response) -> float | None:
    """Seconds until it may be asked again, as far as the answer says."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def parse_event_data(text: str) -> dict[str, Any]:
    """The data of an event. Raises UnexpectedAnswer."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise UnexpectedAnswer(f"an event holds no JSON object: {text[:_SHOWN_CHARACTERS]!r}")
    return data


def describe_loss(error: httpx2.RequestError) -> str:
    """Why there was no answer."""
    if isinstance(error, httpx2.ConnectTimeout):
        return "does not answer"
    if isinstance(error, httpx2.ConnectError):
        return f"cannot be reached ({error})"
    if isinstance(error, httpx2.TimeoutException):
        return "nothing came for a long time"
    return f"the connection was lost ({error or type(error).__name__})"


def _read_field_error(error: Any) -> FieldError:
    said = error if isinstance(error, dict) else {}
    return FieldError(
        field=str(said.get("field", "")),
        code=str(said.get("code", "invalid")),
        message=str(said.get("message", "")),
        allowed=said.get("allowed"),
    )


def _describe(response: httpx2.Response) -> str:
    if response.is_redirect:
        return f"{response.request.url} leads to {response.headers.get('Location')}: give that as the address"
    return f"{response.request.url} was answered with {response.status_code} {response.reason_phrase}"
