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
    layer's adapters in dictionaries of modules and parameters; if one grows during such an iteration, the iteration raises.
    """
    for part in layer.children():
        for kind, contents in ((torch.nn.ModuleDict, "_modules"), (torch.nn.ParameterDict, "_parameters")):
            if isinstance(part, kind) and not isinstance(part.__dict__[contents], _ThreadSafeDict):
                part.__dict__[contents] = _ThreadSafeDict(part.__dict__[contents])
