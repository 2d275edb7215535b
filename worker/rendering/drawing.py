"""What one render draws: the bundle that the parts of the renderer pass on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL.Image import Image

from core.catalog import Task
from worker.rendering.batching import BatchJob


@dataclass(frozen=True)
class Drawing:
    """What one render draws, and the job that its denoiser calls belong to."""

    #: Every parameter, resolved.
    request: Mapping[str, Any]
    #: One image is drawn for each, in order.
    seeds: Sequence[int]
    #: The pictures that the request names (`image`, `mask_image`, `control_image`, `ip_adapter_image`); several of a field that takes several.
    images: Mapping[str, Image | Sequence[Image]] = field(default_factory=dict)
    #: Shows the other jobs how much of the device this one takes.
    job: BatchJob = field(default_factory=BatchJob)
    #: Together with whether there is a control image, it decides which class of the model's family draws.
    task: Task = "text-to-image"
