"""A job's pictures for the model's IP-Adapter, and how strongly it works in the job's forwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.drawing import Drawing
from worker.rendering.models.extras.ip_adapter import IP_ADAPTER, has_ip_adapter

#: Pixels of each side of the picture of a job that has none.
_SIDE = 8


def choose_ip_adapter(pipeline: Any, drawing: Drawing) -> AdapterSet:
    """The IP-Adapter's part of the job's set of adapters: at a scale of 0 its layers are not computed, or add nothing."""
    if not has_ip_adapter(pipeline):
        return ()
    has_picture = "ip_adapter_image" in drawing.images
    return ((IP_ADAPTER, float(drawing.request.get("ip_adapter_scale", 1.0)) if has_picture else 0.0),)


def name_ip_adapter_images(pipeline: Any, drawing: Drawing) -> dict[str, Any]:
    """The pipeline's argument: a list of the pictures for each of its IP-Adapters, of which there is one. A denoiser with an
    IP-Adapter does not run without a picture.
    """
    if not has_ip_adapter(pipeline):
        return {}
    given = drawing.images.get("ip_adapter_image", Image.new("RGB", (_SIDE, _SIDE)))
    return {"ip_adapter_image": [list(given) if isinstance(given, Sequence) else [given]]}
