"""Turns pictures in bytes into the autoencoder's tensors, and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures uint8 [batch, height, width, 3] as float [batch, 3, height, width] in [-1, 1], channels last."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def to_pictures(pictures: Tensor) -> NDArray[np.uint8]:
    """The reverse of `to_tensor`, rounded."""
    levels = pictures.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    found: NDArray[np.uint8] = levels.permute(0, 2, 3, 1).contiguous().numpy()
    return found
