"""The key of a call of `encode_prompt`: calls with equal keys return the same."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch


class NotComparable(Exception):
    """An argument cannot be compared by its value: a tensor, an image."""


def freeze_arguments(arguments: Mapping[str, Any]) -> Hashable:
    """The arguments' names and values as one hashable value. Raises NotComparable."""
    return tuple((name, _freeze(value)) for name, value in sorted(arguments.items()))


def _freeze(value: Any) -> Hashable:
    match value:
        # With their types: True, 1 and 1.0 are equal, but not the same to a pipeline.
        case None | bool() | int() | float() | str():
            return (type(value).__name__, value)
        case torch.device() | torch.dtype():
            return str(value)
        case list() | tuple():
            return (type(value).__name__, *(_freeze(item) for item in value))
        case dict():
            return ("dict", *((_freeze(name), _freeze(item)) for name, item in value.items()))
        case _:
            raise NotComparable(type(value).__name__)
