"""How much memory models may take: read whenever it matters, because other processes share the device."""

from __future__ import annotations

from typing import Protocol

import torch

from worker.rendering.models.memory import DeviceMemory, choose_memory

#: The models' share of the memory that a process could have: the rest is for activations and other processes.
_SHARE_OF_CUDA = 0.8
_SHARE_OF_MAIN_MEMORY = 0.5

#: At least this much of a GPU is left for activations.
_CUDA_RESERVE_BYTES = 1024**3


class Budget(Protocol):
    """A limit on the memory of models."""

    def read_bytes(self, model_bytes: int) -> int:
        """The bytes that models may take now, `model_bytes` of which they have taken already."""

    def can_grow_to(self, byte_size: int, model_bytes: int) -> bool:
        """Whether models may take as much once other processes have released their part."""


class FixedBudget:
    """The operator's limit (MODEL_CACHE_BYTES)."""

    def __init__(self, byte_size: int) -> None:
        self._byte_size = byte_size

    def read_bytes(self, _model_bytes: int) -> int:
        return self._byte_size

    def can_grow_to(self, byte_size: int, _model_bytes: int) -> bool:
        return byte_size <= self._byte_size


class SharedBudget:
    """A share of what this process holds and what is free.

    What this process loads moves from one to the other and changes nothing; what other processes take or release does. So
    workers on one card agree without asking each other: each counts what the others have taken as gone, and always leaves
    a part of the rest free, which another one can take its own share of.
    """

    def __init__(self, memory: DeviceMemory, *, share: float, reserve_bytes: int = 0) -> None:
        """At most `share` of the memory, and all but `reserve_bytes`."""
        self._memory = memory
        self._share = share
        self._reserve_bytes = reserve_bytes

    def read_bytes(self, model_bytes: int) -> int:
        reading = self._memory.read(model_bytes)
        return max(0, self._usable(reading.free + reading.held) - reading.scattered)

    def can_grow_to(self, byte_size: int, model_bytes: int) -> bool:
        return byte_size <= self._usable(self._memory.read(model_bytes).total)

    def _usable(self, byte_size: int) -> int:
        return min(int(byte_size * self._share), byte_size - self._reserve_bytes)


def build_budget(device: torch.device, budget_bytes: int | None) -> Budget:
    """The fixed budget, if there is one, or else a share of the device's memory."""
    if budget_bytes is not None:
        return FixedBudget(budget_bytes)
    memory = choose_memory(device)
    if device.type == "cuda":
        return SharedBudget(memory, share=_SHARE_OF_CUDA, reserve_bytes=_CUDA_RESERVE_BYTES)
    return SharedBudget(memory, share=_SHARE_OF_MAIN_MEMORY)
