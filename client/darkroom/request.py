"""A request to the service, before it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

#: Of `Prefer: wait` and `?wait=`: the service waits no longer.
MOST_WAIT_SECONDS = 60.0

#: Waits are answered after their time; then the connection must be dead.
_GRACE_SECONDS = 15.0


@dataclass(frozen=True)
class Request:
    """What is sent, and whether it may be sent again when the answer was lost."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    #: A file's bytes, sent as a form.
    file: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Whether sending it twice does the same as sending it once.
    is_repeatable: bool = True
    #: That the service is asked to wait.
    wait: float | None = None

    @property
    def read_seconds(self) -> float:
        """How long nothing may come before the connection counts as lost."""
        return 30.0 if self.wait is None else self.wait + _GRACE_SECONDS


def get(path: str, *, wait: float | None = None, **params: Any) -> Request:
    """Read something; parameters that are None are left out."""
    return Request(
        "GET", path, params=build_params({**params, "wait": None if wait is None else round(wait)}), wait=wait
    )


def submit(
    method: str, path: str, json: Any, *, idempotency_key: str | None = None, wait: float | None = None
) -> Request:
    """Make something, once however often it is sent: its key is chosen here, before the first try."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())} if method == "POST" else {}
    if wait is not None:
        wait = min(max(wait, 0.0), MOST_WAIT_SECONDS)
        headers["Prefer"] = f"wait={round(wait)}"
    return Request(method, path, json=json, headers=headers, wait=wait)


def at(template: str, *parts: Any) -> str:
    """The path with each `{}` filled in: a string, or a thing with an `id` or a `name`. Raises ValueError for an empty one."""
    return template.format(*(quote(identify(part), safe="") for part in parts))


def identify(thing: Any) -> str:
    """The id of a thing, or its name, or the string that it is. Raises ValueError if that is empty."""
    name = thing if isinstance(thing, str) else getattr(thing, "id", None) or getattr(thing, "name", None)
    if not name or not isinstance(name, str):
        raise ValueError(f"{thing!r} is no id, and has none")
    return name


def build_params(values: Mapping[str, Any]) -> dict[str, Any]:
    """Query parameters: without what is None, lists as several of a name, times in RFC 3339."""
    params: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name == "metadata":
            params.update({f"metadata.{label}": wanted for label, wanted in value.items()})
        elif isinstance(value, (list, tuple, set, frozenset)):
            params[name] = [_write(each) for each in value]
        else:
            params[name] = _write(value)
    return params


def build_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """A body of JSON: without what is None, times in RFC 3339."""
    return {name: _write(value) for name, value in values.items() if value is not None}


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        # A time without a zone is meant as the clock on the wall shows it.
        return value.astimezone().isoformat()
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value
