"""Copies and sizes of the results of an `encode_prompt`: tensors, in tuples, lists and dicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class _Kept:
    """A tensor in the host's memory, and the device that it came from."""

    tensor: Tensor
    device: torch.device


def take_copy(value: Any, *, to_host: bool = False) -> Any:
    """The same structure with copied tensors: on the host to be kept, or back on the device that they came from."""
    match value:
        case Tensor():
            return _Kept(value.to("cpu", copy=True), value.device) if to_host else value.clone()
        case _Kept():
            return value.tensor.to(value.device, copy=True)
        case list() | tuple():
            return type(value)(take_copy(item, to_host=to_host) for item in value)
        case dict():
            return {name: take_copy(item, to_host=to_host) for name, item in value.items()}
        case _:
            return value


def count_bytes(value: Any) -> int:
    """Bytes of all tensors in the value."""
    match value:
        case Tensor():
            return value.numel() * value.element_size()
        case _Kept():
            return count_bytes(value.tensor)
        case list() | tuple():
            return sum(count_bytes(item) for item in value)
        case dict():
            return count_bytes(list(value.values()))
        case _:
            return 0
