"""The classes that a job's images show, for a pipeline that takes the number of a class in place of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from worker.rendering.errors import RequestRefused

#: Where a denoiser's configuration has the number of its classes: UNets, and DiT.
_COUNTS = (("unet", "num_class_embeds"), ("transformer", "num_embeds_ada_norm"))


def choose_classes(pipeline: Any, label: int | None, seeds: Sequence[int]) -> list[int] | None:
    """A class for each image: the one that the request names; or else the one that follows from the image's seed, so that the
    same seed draws the same picture. None for a model without classes.

    Raises RequestRefused if there is no such class: on a GPU, the model itself would take the whole device down with it.
    """
    count = _count_classes(pipeline)
    if count is None:
        return None
    if label is None:
        return [_draw_class(seed, count) for seed in seeds]
    if not 0 <= label < count:
        raise RequestRefused(f"class_labels is {label}, and this model has the classes 0 to {count - 1}.")
    return [label] * len(seeds)


def _count_classes(pipeline: Any) -> int | None:
    for component, name in _COUNTS:
        if (module := pipeline.components.get(component)) is not None:
            count: int | None = module.config.get(name)
            return count
    return None


def _draw_class(seed: int, count: int) -> int:
    # By a source of its own: the image's noise stays what it is when the class is named.
    return int(torch.randint(count, (1,), generator=torch.Generator("cpu").manual_seed(seed)))
