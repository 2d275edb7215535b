"""Values of command line options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_Value = TypeVar("_Value")


def list_of(read: Callable[[str], _Value]) -> Callable[[str], tuple[_Value, ...]]:
    """A type of option: values with commas between them, each read by `read`."""
    return lambda text: tuple(read(part) for part in text.split(",") if part)
