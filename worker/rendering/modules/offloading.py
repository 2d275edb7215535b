"""Offloaded components: hooks of diffusers and accelerate move their weights to the device for each use, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.hooks.group_offloading import _is_group_offload_enabled


def is_offloaded(module: torch.nn.Module) -> bool:
    """Whether hooks move the module's weights. Only a job in its turn may use such a module: its use moves others away."""
    return hasattr(module, "_hf_hook") or _is_group_offload_enabled(module)


@contextmanager
def device_freed(pipeline: Any) -> Iterator[None]:
    """After the block, also one that fails, every component of an offloaded pipeline is off the device, where the latest ones stay
    until the next are used. Does nothing to any other pipeline.
    """
    try:
        yield
    finally:
        if _offloads_components(pipeline):
            pipeline.enable_model_cpu_offload(device=pipeline._offload_device)  # noqa: SLF001


def _offloads_components(pipeline: Any) -> bool:
    return bool(getattr(pipeline, "_all_hooks", None))
