"""Build modules in one thread while others render.

diffusers, transformers and peft change the whole process while they build a module. They replace a method of every
`torch.nn.Module`, so that two builds at once give modules without weights; and they set torch's default dtype, which a
render in another thread would use. So every build runs in here: one at a time, with a default dtype of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_one_at_a_time = threading.RLock()

#: The functions that make a tensor of torch's default dtype, if their arguments name none.
_MAKERS: frozenset[Callable[..., Any]] = frozenset(
    (
        torch.arange,
        torch.empty,
        torch.empty_strided,
        torch.eye,
        torch.full,
        torch.linspace,
        torch.logspace,
        torch.ones,
        torch.rand,
        torch.randn,
        torch.tensor,
        torch.zeros,
    )
)


@contextmanager
def building_modules() -> Iterator[None]:
    """Wait for the turn to build modules; the block's changes to the default dtype are invisible to other threads."""
    with _one_at_a_time, _OwnDefaultDtype() as own:
        set_for_all, get_for_all = torch.set_default_dtype, torch.get_default_dtype
        builder = threading.get_ident()

        def set_default_dtype(dtype: torch.dtype) -> None:
            if threading.get_ident() == builder:
                own.dtype = dtype
            else:
                set_for_all(dtype)

        def get_default_dtype() -> torch.dtype:
            is_builder = threading.get_ident() == builder
            return own.dtype if is_builder and own.dtype is not None else get_for_all()

        torch.set_default_dtype, torch.get_default_dtype = set_default_dtype, get_default_dtype
        try:
            yield
        finally:
            torch.set_default_dtype, torch.get_default_dtype = set_for_all, get_for_all


class _OwnDefaultDtype(TorchFunctionMode):
    """A default dtype for this thread only: a mode belongs to the thread that enters it."""

    dtype: torch.dtype | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self.dtype is None or func not in _MAKERS or kwargs.get("dtype") is not None:
            return result
        if result.dtype != torch.float32 or any(isinstance(value, torch.Tensor) for value in args):
            return result
        return result.to(self.dtype)
