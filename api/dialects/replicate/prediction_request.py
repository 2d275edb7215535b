"""What a prediction asks for, in the words of `POST /v1/jobs`."""

from __future__ import annotations

import re
from typing import Any

from flask import request

from core.errors import FieldError, InvalidRequest
from core.jobs.request.parameters import find_field
from core.jobs.request.render_request import RenderRequest
from core.settings import get_settings

#: Of a body, beside the version, which only the address without a model takes.
_FIELDS = frozenset({"input", "webhook", "webhook_completed", "webhook_events_filter", "stream"})

#: The events of webhooks, and ours. The outputs come with the end.
_ENDS = ("job.succeeded", "job.failed", "job.cancelled")
_EVENTS: dict[str, tuple[str, ...]] = {"start": ("job.started",), "output": _ENDS, "logs": (), "completed": _ENDS}

#: Fields of ours that an input does not have: the prediction says them elsewhere.
NOT_IN_INPUT = frozenset({"model", "webhook", "dry_run", "deadline_seconds"})

_DURATION = re.compile(r"(?=[0-9])(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9})s?)?")


def read_prediction(body: dict[str, Any], model_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the fields for `POST /v1/jobs`, and what errors call them. Raises InvalidRequest."""
    unknown = [FieldError(name, "there is no such field", "unknown") for name in body if name not in _FIELDS]
    given = body.get("input")
    if not isinstance(given, dict):
        unknown.append(FieldError("input", "must be an object with the model's parameters", "required"))
        given = {}
    unknown += [
        FieldError(f"input.{name}", "there is no such parameter", "unknown") for name in given if name in NOT_IN_INPUT
    ]
    if unknown:
        raise InvalidRequest(unknown)
    fields = {name: _name_own_files(value) for name, value in given.items()}
    if fields.get("output_format") == "jpg":
        fields["output_format"] = "jpeg"
    webhook = _read_webhook(body)
    fields |= {"model": model_id, "webhook": webhook, "deadline_seconds": _read_cancel_after()}
    sent_as = {name: f"input.{name}" for name in (*RenderRequest.model_fields, *given)}
    sent_as |= {find_field(name) or name: f"input.{name}" for name in given}
    url = "webhook" if body.get("webhook") is not None else "webhook_completed"
    sent_as |= {"model": "version", "webhook": url, "webhook.url": url, "deadline_seconds": "Cancel-After"}
    return fields, sent_as


def _name_own_files(value: Any) -> Any:
    """Its clients name a file by the address of it; ours are named by their ids."""
    if isinstance(value, list):
        return [_name_own_files(each) for each in value]
    base = f"{get_settings().public_url}/replicate/v1/files/"
    return value.removeprefix(base) if isinstance(value, str) and value.startswith(base) else value


def _read_webhook(body: dict[str, Any]) -> dict[str, Any] | None:
    urls = {name: body[name] for name in ("webhook", "webhook_completed") if body.get(name) is not None}
    events = body.get("webhook_events_filter", ["completed"] if "webhook_completed" in urls else [*_EVENTS])
    errors = []
    if len(urls) > 1:
        errors.append(FieldError("webhook_completed", "cannot be given with webhook", "conflict"))
    if not isinstance(events, list) or not all(isinstance(each, str) and each in _EVENTS for each in events):
        errors.append(FieldError("webhook_events_filter", f"must be a list of {', '.join(_EVENTS)}", "not_allowed"))
    elif urls and not {*events} - {"logs"}:
        message = "must have start or completed: logs by themselves are not sent here"
        errors.append(FieldError("webhook_events_filter", message, "not_allowed"))
    if errors:
        raise InvalidRequest(errors)
    wanted = dict.fromkeys(ours for each in events for ours in _EVENTS[each])
    return {"url": next(iter(urls.values())), "events": [*wanted]} if urls else None


def _read_cancel_after() -> int | None:
    text = request.headers.get("Cancel-After")
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest([FieldError("Cancel-After", "must be a duration such as 90, 30s or 1h30m", "invalid")])
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
