"""The prompts of a job with a style: its request holds those that were sent, and beside it are those that are rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The fields that a style changes.
_NAMES = ("prompt", "negative_prompt")


@dataclass(frozen=True)
class KeptPrompts:
    """A style as an earlier job was rendered with it, whatever has become of it since. The request has all of its parameters."""

    name: str
    #: By field.
    prompts: Mapping[str, str]


def take_out_rendered(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The prompts of a request that is resolved with its style."""
    return {name: parameters[name] for name in _NAMES if name in parameters}


def put_back_sent(parameters: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the job shows it: with the prompts of `sent`, whose model takes the same ones."""
    return {name: (sent.get(name) or "") if name in _NAMES else value for name, value in parameters.items()}


def name_rendered(request: dict[str, Any], rendered: Mapping[str, str] | None) -> dict[str, Any]:
    """A job's request as a worker renders it. Without a style it is the request itself."""
    if rendered is None:
        return request
    return {name: rendered.get(name, value) for name, value in request.items() if name != "style"}
