"""Runs a function of a script, in the environment of a published client: its name and its arguments are given, and what it returns is
printed as JSON. Imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def serve(*functions: Callable[..., Any]) -> None:
    """Call the one that the command line names."""
    name, arguments = sys.argv[1:3]
    chosen = next(function for function in functions if function.__name__ == name)
    print(json.dumps(chosen(**json.loads(arguments))))


def describe(error: BaseException) -> dict[str, Any]:
    """An error that a client has raised, as far as JSON can have it."""
    shown = {
        name: value
        for name in ("status_code", "status", "code", "type", "param", "title", "detail", "request_id")
        if isinstance(value := getattr(error, name, None), (str, int, type(None)))
    }
    # Of clients that Stainless generates: how often the request was sent again.
    request = getattr(error, "request", None)
    repeats = None if request is None else request.headers.get("x-stainless-retry-count")
    return {"error": type(error).__name__, "message": str(error), "repeats": repeats, **shown}
