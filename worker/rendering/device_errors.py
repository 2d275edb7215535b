"""What an error says about the device: no memory was left on it, or it has failed for good."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch

#: Of libraries that have no type for it: the CPU's allocator, the drivers of GPUs, cuBLAS, cuDNN.
_NO_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED|CUBLAS_STATUS_NOT_INITIALIZED", re.IGNORECASE
)

#: What CUDA and HIP say of errors after which every further call of the process fails: its context is lost, and only a new
#: process gets another one. (NVIDIA, CUDA Runtime API, `cudaError_t`: "the process must be terminated and relaunched".)
_LOST = re.compile(
    r"illegal memory access|device-side assert|unspecified launch failure|ECC error|misaligned address|illegal instruction"
    r"|invalid program counter|hardware stack error|not supported on global/shared address space|launch timed out"
    r"|NVLink error|peer GPU memory|tensor memory|device (was |is )?lost|GPU is lost|fallen off the bus"
    r"|busy or unavailable|no (CUDA|ROCm)-capable device|initialization error|driver shutting down|MPS (client|server)"
    r"|unknown error",
    re.IGNORECASE,
)

#: How messages of a device and its libraries begin; one that only quotes such words begins otherwise.
_OF_A_DEVICE = re.compile(
    r"(CUDA|HIP|cuDNN|cuBLAS|cuSOLVER|cuFFT|MIOpen|NVRTC|Triton)\b[^:]{0,20}\b(error|status|failed)", re.IGNORECASE
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error means that the device, or on a CPU the machine, had no memory left."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None


def is_device_lost(error: BaseException) -> bool:
    """Whether the error, or one that it came from, means that every further call to the device fails too."""
    return any(is_of_the_device(each) and _LOST.search(str(each)) is not None for each in list_causes(error))


def is_of_the_device(error: BaseException) -> bool:
    """Whether a device or one of its libraries reported the error. It may concern one call alone, such as an argument that a
    kernel does not take; only the device itself can show whether it still works.
    """
    if is_out_of_memory(error):
        return False
    return isinstance(error, torch.AcceleratorError) or (
        isinstance(error, RuntimeError) and _OF_A_DEVICE.match(str(error)) is not None
    )


def list_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it came from, each once: an error can be among its own causes."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
