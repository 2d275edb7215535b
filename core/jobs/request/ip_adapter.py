"""The pictures that a model's IP-Adapter looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.catalog import ModelEntry, Parameter
from core.errors import FieldError
from core.jobs.request.render_request import RenderRequest

#: Pictures of one request.
_MOST = 4


def offer_ip_adapter(parameters: dict[str, Parameter], entry: ModelEntry) -> dict[str, Parameter]:
    """The parameters of a pipeline, with the pictures and the scale only if the model has an IP-Adapter."""
    image = parameters.get("ip_adapter_image")
    others = {name: each for name, each in parameters.items() if name != "ip_adapter_image"}
    if image is None or entry.ip_adapter is None:
        return others
    scale = Parameter("number", 1.0, "ip_adapter_scale")
    return others | {"ip_adapter_image": replace(image, most=_MOST), "ip_adapter_scale": scale}


def refuse_ip_adapter(request: RenderRequest, entry: ModelEntry) -> Iterator[FieldError]:
    """An error for a scale of no picture."""
    if entry.ip_adapter is not None and request.ip_adapter_scale is not None and request.ip_adapter_image is None:
        yield FieldError(
            "ip_adapter_scale", "needs `ip_adapter_image`, the picture that the model looks at", "needs_other_field"
        )
