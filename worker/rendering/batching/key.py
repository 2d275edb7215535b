"""What must be equal for two calls of a denoiser to share one forward."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch

from worker.rendering.batching.digests import Digests
from worker.rendering.batching.rows import Rows, holds_tensors, read_images

#: `time_ids` (SDXL: the sizes that the picture is conditioned on) are read row by row; other ids are positions.
_ROWWISE_IDS = frozenset({"time_ids"})


def build_key(arguments: Mapping[str, Any], rows: Rows, digests: Digests) -> Hashable:
    """For a tensor with rows: its shape without them, its type and device; the values of positions and of all other
    arguments.

    Values are read on the host, for which it waits for the device: once in a call that brings tensors that the job has not
    passed before, and not at all in the others.
    """
    key = _build(arguments, rows, digests)
    return _build(arguments, rows, digests) if digests.read_unread() else key


def _build(arguments: Mapping[str, Any], rows: Rows, digests: Digests) -> Hashable:
    images = read_images(arguments)
    return tuple(
        # A picture of tokens may be called `input_ids`, and is no list of positions.
        (
            name,
            _shape_of_row(value)
            if value is images and isinstance(value, torch.Tensor)
            else _key(name, value, rows, digests),
        )
        for name, value in arguments.items()
    )


def _key(name: str, value: Any, rows: Rows, digests: Digests) -> Hashable:
    if isinstance(value, torch.Tensor):
        return _tensor_key(name, value, rows, digests)
    if rows.has_list(value):
        # Rows of a list may differ in size if they are tensors; other rows must be equal.
        return ("row list", frozenset(_row_key(name, item, rows, digests) for item in value))
    if isinstance(value, Mapping):
        if _names_rows(value):
            return ("rows by number", id(value))
        return ("dict", *((key, _key(str(key), item, rows, digests)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *(_key(name, item, rows, digests) for item in value))
    if isinstance(value, (str, int, float, bool, type(None), torch.dtype)):
        return value
    # An object that cannot be compared is equal only to itself.
    return ("object", id(value))


def _tensor_key(name: str, value: torch.Tensor, rows: Rows, digests: Digests) -> Hashable:
    if not rows.has_tensor(value):
        return ("same", digests.of_values(value))
    if _is_position(name):
        # Models read the positions of the first row and use them for all rows.
        return ("positions", digests.of_equal_rows(value))
    return _shape_of_row(value)


def _shape_of_row(value: torch.Tensor) -> Hashable:
    return ("rows", tuple(value.shape[1:]), value.dtype, value.device)


def _row_key(name: str, item: Any, rows: Rows, digests: Digests) -> Hashable:
    if isinstance(item, torch.Tensor):
        return ("row", item.dim(), item.dtype, item.device)
    if isinstance(item, (list, tuple)):
        return (type(item).__name__, *(_row_key(name, part, rows, digests) for part in item))
    return _key(name, item, rows, digests)


def _names_rows(value: Mapping[Any, Any]) -> bool:
    """Whether it says something of some rows, by their numbers in the call (OmniGen: where a row's pictures stand): with the rows
    of another call before them they would have others. What holds tensors by number is layers.
    """
    return bool(value) and all(isinstance(name, int) for name in value) and not holds_tensors(value)


def _is_position(name: str) -> bool:
    # The positions of tokens: the same for all rows, whatever the tensor's shape.
    return (name.endswith("_ids") and name not in _ROWWISE_IDS) or "rotary" in name
