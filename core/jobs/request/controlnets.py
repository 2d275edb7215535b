"""Several ControlNets of one model: which of them a request uses, with a control image and numbers for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.catalog import Parameter
from core.errors import FieldError
from core.jobs.request.number_for_each import FOR_EACH
from core.jobs.request.picture_fields import list_places
from core.jobs.request.render_request import RenderRequest


def offer_controlnets(parameters: dict[str, Parameter], names: tuple[str, ...]) -> dict[str, Parameter]:
    """The parameters of a pipeline with a ControlNet, if it has those of several `names`."""
    if not names or "control_image" not in parameters:
        return parameters
    several = {
        name: replace(each, most=len(names))
        for name, each in parameters.items()
        if name in FOR_EACH or name == "control_image"
    }
    return parameters | several | {"controlnets": Parameter("text", None, "controlnets")}


def refuse_controlnets(request: RenderRequest, names: tuple[str, ...]) -> Iterator[FieldError]:
    """What is wrong with the choice of ControlNets, and with the numbers for each of them."""
    if not names or request.control_image is None:
        return
    count, chosen = len(list_places("control_image", request.control_image)), request.controlnets
    there = ", ".join(names)
    if chosen is None and count < len(names):
        message = f"is needed to use {count} of the model's {len(names)} ControlNets: {there}"
        yield FieldError("controlnets", message, "required", {"enum": list(names)})
    for place, name in enumerate(chosen or ()):
        if name not in names:
            message = f"the model has no ControlNet {name!r}; it has {there}"
            yield FieldError(f"controlnets.{place}", message, "not_allowed", {"enum": list(names)})
        elif chosen and name in chosen[:place]:
            yield FieldError(f"controlnets.{place}", f"{name} is named twice", "conflict")
    if chosen is not None and count != len(chosen):
        yield FieldError("control_image", f"holds {count} pictures for {len(chosen)} ControlNets", "conflict")
    for name in FOR_EACH:
        value = request.extra[name] if name in request.extra else getattr(request, name, None)
        if isinstance(value, list | tuple) and len(value) not in {1, count}:
            yield FieldError(name, f"holds {len(value)} numbers for {count} control images", "conflict")


def settle_controlnets(request: RenderRequest, names: tuple[str, ...]) -> dict[str, list[str]]:
    """The ControlNets of a request whose control images go by `names`, in the order of the images."""
    if not names or request.control_image is None:
        return {}
    return {"controlnets": list(request.controlnets or names)}


def describe_controlnets(names: tuple[str, ...]) -> dict[str, Any]:
    """What `controlnets` may hold, as JSON schema."""
    return {
        "items": {"type": "string", "enum": list(names)},
        "minItems": 1,
        "maxItems": len(names),
        "uniqueItems": True,
    }
