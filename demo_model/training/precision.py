"""The arithmetic of training: bfloat16 where the processor has units for it, several times as fast as float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def half_precision() -> AbstractContextManager[object]:
    """A context for forward passes; weights, losses and optimisers stay in float32."""
    if not torch.cpu._is_amx_tile_supported():  # noqa: SLF001  # torch has no public question for it
        return nullcontext()
    return torch.autocast("cpu", torch.bfloat16)
