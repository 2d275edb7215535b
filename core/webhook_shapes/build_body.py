"""The body of a webhook: ours, or that of the system whose client sent the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.webhook_shapes.fal import show_webhook
from core.webhook_shapes.replicate import show_prediction

#: Returns the body for a job as the API shows it, JSON-ready, with download addresses.
Shape = Callable[[Mapping[str, Any]], dict[str, Any]]

#: By the name that `webhook_endpoints.shape` holds.
SHAPES: dict[str, Shape] = {
    "fal": show_webhook,
    "replicate": show_prediction,
}


def build_body(shape: str | None, type_: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is sent of an event of this type. `data` is the job or sweep as the API shows it.

    A shape that this release does not know is ours: a later release wrote the row.
    """
    show = SHAPES.get(shape or "")
    if show is not None:
        return show(data)
    return {"type": type_, "timestamp": at.astimezone(UTC).isoformat(), "data": dict(data)}
