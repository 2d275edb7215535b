"""How much memory modules take and devices have, and releasing what is no longer used."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import psutil
import torch

from worker.rendering.models.container_limits import read_memory_left


@dataclass(frozen=True)
class MemoryReading:
    """One look at a device's memory, in bytes."""

    #: What any process could take now.
    free: int
    #: What this process has taken for its models and activations.
    held: int
    #: What all processes together could have.
    total: int
    #: The part of `held` that lies between live tensors: too scattered for a model, and not to be returned to the device.
    scattered: int = 0


class DeviceMemory(Protocol):
    """The memory of a device that other processes use, too."""

    def read(self, model_bytes: int) -> MemoryReading:
        """What the memory is like now. `model_bytes` is what this process has loaded, by its own accounts."""


class CudaMemory:
    """A GPU's memory."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def read(self, _model_bytes: int) -> MemoryReading:
        free, total = torch.cuda.mem_get_info(self._device)
        # What the allocator keeps for later is taken from the other processes, and not lost to this one.
        statistics = torch.cuda.memory_stats(self._device)
        return MemoryReading(
            free,
            held=int(statistics.get("reserved_bytes.all.current", 0)),
            total=total,
            scattered=int(statistics.get("inactive_split_bytes.all.current", 0)),
        )


class MainMemory:
    """The machine's memory, or what its control group leaves of it."""

    def __init__(self, read_free: Callable[[], int] | None = None) -> None:
        """`read_free` returns the bytes that are free now."""
        self._read_free = read_free or _read_free_main_memory
        self._at_first = self._read_free()

    def read(self, model_bytes: int) -> MemoryReading:
        # The pages of a mapped file count as free while a model uses them: together there is never more than at first.
        free = max(0, min(self._read_free(), self._at_first - model_bytes))
        return MemoryReading(free, held=model_bytes, total=free + model_bytes)


def choose_memory(device: torch.device) -> DeviceMemory:
    """The memory that models on the device take."""
    return CudaMemory(device) if device.type == "cuda" else MainMemory()


def module_bytes(module: torch.nn.Module) -> int:
    """The bytes of the module's parameters and buffers, each counted once."""
    tensors = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return sum(_tensor_bytes(tensor) for tensor in tensors.values())


def peak_bytes(device: torch.device) -> int | None:
    """The most bytes that tensors on the device have taken at once since the process started; None if nobody counts them."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def release_memory(device: torch.device) -> None:
    """Return unreferenced memory to the system."""
    # Pipelines, hooks and modules refer to each other in circles.
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    _trim_heap()


def _read_free_main_memory() -> int:
    free, left = int(psutil.virtual_memory().available), read_memory_left()
    return free if left is None else min(free, left)


def _tensor_bytes(tensor: Any) -> int:
    # A quantised tensor reports the size of the tensor that it represents; its own data is inside.
    if hasattr(tensor, "__tensor_flatten__"):
        inner, _context = tensor.__tensor_flatten__()
        return sum(_tensor_bytes(getattr(tensor, name)) for name in inner)
    return int(tensor.numel() * tensor.element_size())


def _trim_heap() -> None:
    # glibc keeps freed memory of every thread's arena for later use, unless it is made to trim.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
