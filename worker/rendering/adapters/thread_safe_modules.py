"""Layers with adapters whose children one thread can read while another adds or removes an adapter."""

from __future__ import annotations

from typing import Any

import torch


class _ThreadSafeDict(dict[str, Any]):
    """A dict whose `items` and `values` are snapshots."""

    def items(self) -> Any:
        return list(super().items())

    def values(self) -> Any:
        return list(super().values())


def make_thread_safe(layer: torch.nn.Module) -> None:
    """Jobs' threads iterate over all modules at any time: pipelines do so to find out their device and dtype. peft keeps a
    layer's adapters in dictionaries of modules; if one grows during such an iteration, the iteration raises.
    """
    for part in layer.children():
        if isinstance(part, torch.nn.ModuleDict) and not isinstance(part._modules, _ThreadSafeDict):  # noqa: SLF001
            part.__dict__["_modules"] = _ThreadSafeDict(part._modules)  # noqa: SLF001
