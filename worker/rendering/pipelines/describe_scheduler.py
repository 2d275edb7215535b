"""The scheduler that a job is drawn with, for its receipt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from worker.rendering.models import LoadedModel
from worker.rendering.modules.list_schedulers import list_schedulers
from worker.rendering.pipelines.schedulers import build_scheduler


def describe_scheduler(model: LoadedModel, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """JSON-ready: class and configuration, as they follow from the name in the request and the model's own scheduler. None for a
    pipeline that has no scheduler of that place.
    """
    own = list_schedulers(model.pipeline).get("scheduler")
    if own is None:
        return None
    return describe_settings(build_scheduler(request["scheduler"], own, from_picture="image" in request))


def describe_settings(scheduler: Any) -> dict[str, Any]:
    """JSON-ready: the class of diffusers and its configuration."""
    class_name = next(kind.__name__ for kind in type(scheduler).__mro__ if _is_of_diffusers(kind))
    config = {name: _to_json(value) for name, value in scheduler.config.items() if not name.startswith("_")}
    return {"class": class_name, "config": config}


def _is_of_diffusers(kind: type) -> bool:
    return kind.__module__.startswith("diffusers.")


def _to_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    # JSON has no infinity, which is the default of some settings.
    is_json = isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value))
    return value if is_json else str(value)
