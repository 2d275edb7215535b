"""Parts that diffusers sets to zero until they are trained, such as the end of a ControlNet: without weights they have no effect."""

from __future__ import annotations

from typing import TypeVar

import torch

_Module = TypeVar("_Module", bound=torch.nn.Module)


def fill_zeros(module: _Module) -> _Module:
    """The module, with random weights in each matrix that holds nothing but zeros."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.normal_(std=0.1)
    return module
