"""How much memory modules take and devices have, and giving back what is no longer used."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path
from typing import Any

import psutil
import torch

#: Of what a device has free when the cache is made: the rest is for activations, and for other processes.
_SHARE_OF_CUDA = 0.8
_SHARE_OF_MAIN_MEMORY = 0.5

#: At least so much of a GPU is left for activations.
_CUDA_RESERVE_BYTES = 1024**3

_CGROUP = Path("/sys/fs/cgroup")


def read_budget(device: torch.device) -> int:
    """Bytes that models may take on the device, read from what is free there now."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        return max(0, min(int(free * _SHARE_OF_CUDA), free - _CUDA_RESERVE_BYTES))
    return int(min(psutil.virtual_memory().available, _left_in_cgroup()) * _SHARE_OF_MAIN_MEMORY)


def module_bytes(module: torch.nn.Module) -> int:
    """What the module's parameters and buffers take, each counted once."""
    tensors = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return sum(_tensor_bytes(tensor) for tensor in tensors.values())


def release_memory(device: torch.device) -> None:
    """Return to the system what nobody refers to any more."""
    # Pipelines, hooks and modules refer to each other in circles.
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    _trim_heap()


def _tensor_bytes(tensor: Any) -> int:
    # A quantised tensor reports the size of what it stands for; what it holds is inside.
    if hasattr(tensor, "__tensor_flatten__"):
        inner, _context = tensor.__tensor_flatten__()
        return sum(_tensor_bytes(getattr(tensor, name)) for name in inner)
    return int(tensor.numel() * tensor.element_size())


def _trim_heap() -> None:
    # glibc keeps freed memory for later, of every thread's arena, unless it is asked.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _left_in_cgroup() -> int:
    """What the container's limit leaves; without a limit, more than there is."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return psutil.virtual_memory().total
    return psutil.virtual_memory().total if limit == "max" else max(0, int(limit) - used)
