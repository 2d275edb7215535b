"""What of a receipt is not of the job but of where it was drawn, and what of that differs between two renders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: The parts of a receipt that say where and with what it was drawn, in the order in which differences are listed.
_PARTS = ("model", "loras", "scheduler", "versions", "device", "torch_threads", "dtype", "switches")


def read_environment(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parts of a receipt on which the pixels depend, beside the request."""
    return {name: receipt[name] for name in _PARTS if name in receipt}


def list_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns what differs between two environments, JSON-ready: `{"what": "versions.torch", "then": …, "now": …}`. A part that one
    of them does not have is not known, and is left out.
    """
    return [
        {"what": what, "then": old, "now": new}
        for name in _PARTS
        if name in then and name in now
        for what, old, new in _compare(name, then[name], now[name])
    ]


def expect_environment(then: Mapping[str, Any], workers: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the environment that a replay of the job with the environment `then` is likely to be drawn in: what is known of it
    before a worker has claimed the job. `workers` is what is known of those that may, `model` what the catalog says of it.
    """
    known = {name: workers[name] for name in ("versions", "device", "torch_threads", "dtype") if name in workers}
    return {**then, **known, "model": {**then["model"], **model}} if "model" in then else {**then, **known}


def _compare(what: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _compare(f"{what}.{name}", old.get(name), new.get(name))
    elif old != new:
        yield what, old, new
