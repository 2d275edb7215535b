"""Adapted layers whose children can be read by one thread while another adds or removes an adapter."""

from __future__ import annotations

from typing import Any

import torch


class _ThreadSafeDict(dict[str, Any]):
    """A dict whose items are those of the moment when they were asked for."""

    def items(self) -> Any:
        return list(super().items())

    def values(self) -> Any:
        return list(super().values())


def make_thread_safe(layer: torch.nn.Module) -> None:
    """Jobs' threads walk through all modules at any time: pipelines do so to find out their device and dtype. peft keeps
    a layer's adapters in dictionaries of modules, and one that grows meanwhile ends such a walk with an error.
    """
    for part in layer.children():
        if isinstance(part, torch.nn.ModuleDict) and not isinstance(part._modules, _ThreadSafeDict):  # noqa: SLF001
            part.__dict__["_modules"] = _ThreadSafeDict(part._modules)  # noqa: SLF001
