"""The rows of a call of a denoiser: one for each image, or two with guidance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Rows:
    """How many rows a call has, and whether its images come as a list (Z-Image), perhaps of lists, or as one tensor (all
    others).
    """

    count: int
    are_listed: bool

    def has_tensor(self, value: torch.Tensor) -> bool:
        """Whether the tensor's first dimension is rows."""
        return value.dim() > 0 and value.shape[0] == self.count

    def has_list(self, value: Any) -> bool:
        """Whether the list has an item for each row.

        A list of tensors has rows only if the images are listed too: otherwise its items are layers (a ControlNet's
        residuals), each a tensor with all the rows. A list of lists of plain values (Qwen's image shapes) always has rows.
        Where images are listed, a row that has none of something is a None.
        """
        if not isinstance(value, (list, tuple)) or len(value) != self.count:
            return False
        if self.are_listed:
            return all(item is None or isinstance(item, (list, tuple, torch.Tensor)) for item in value)
        return all(isinstance(item, (list, tuple)) and not holds_tensors(item) for item in value)


def read_rows(arguments: Mapping[str, Any]) -> Rows | None:
    """The rows of a call, read from its images; None if it has none."""
    images = read_images(arguments)
    if isinstance(images, torch.Tensor):
        return Rows(images.shape[0], are_listed=False) if images.dim() else None
    return Rows(len(images), are_listed=True) if images else None


def read_images(arguments: Mapping[str, Any]) -> torch.Tensor | Sequence[torch.Tensor | Sequence[torch.Tensor]]:
    """The images of a call: its first argument that is a tensor, a list of tensors, or a list of such lists (each row's
    pictures and its latents). Empty if it has none.
    """
    for value in arguments.values():
        if isinstance(value, torch.Tensor):
            return value
        if _is_list_of_tensors(value):
            return value  # type: ignore[no-any-return]
        if isinstance(value, (list, tuple)) and value and all(_is_list_of_tensors(item) for item in value):
            return value
    return ()


def _is_list_of_tensors(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, torch.Tensor) for item in value)


def holds_tensors(value: Any) -> bool:
    """Whether there is a tensor in it, at any depth."""
    if isinstance(value, Mapping):
        return any(holds_tensors(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_tensors(item) for item in value)
    return isinstance(value, torch.Tensor)
