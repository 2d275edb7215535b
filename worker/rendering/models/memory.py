"""How much memory modules take and devices have, and releasing what is no longer used."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

import psutil
import torch

from worker.rendering.models.container_limits import read_memory_left

#: The cache's share of the memory that is free when it is built: the rest is for activations and other processes.
_SHARE_OF_CUDA = 0.8
_SHARE_OF_MAIN_MEMORY = 0.5

#: At least this much of a GPU is left for activations.
_CUDA_RESERVE_BYTES = 1024**3


def read_budget(device: torch.device) -> int:
    """The bytes that models may take on the device, derived from what is free there now."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        return max(0, min(int(free * _SHARE_OF_CUDA), free - _CUDA_RESERVE_BYTES))
    free, left = psutil.virtual_memory().available, read_memory_left()
    return int((free if left is None else min(free, left)) * _SHARE_OF_MAIN_MEMORY)


def module_bytes(module: torch.nn.Module) -> int:
    """The bytes of the module's parameters and buffers, each counted once."""
    tensors = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return sum(_tensor_bytes(tensor) for tensor in tensors.values())


def release_memory(device: torch.device) -> None:
    """Return unreferenced memory to the system."""
    # Pipelines, hooks and modules refer to each other in circles.
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    _trim_heap()


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
