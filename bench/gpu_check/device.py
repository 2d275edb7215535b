"""The device of a part, for torch."""

from __future__ import annotations

import torch

from bench.gpu_check.setting import Setting


def device_of(setting: Setting) -> torch.device:
    """The device that the part runs on."""
    return torch.device(setting.device_name)


def fast_dtype(setting: Setting) -> torch.dtype:
    """What models are measured in."""
    return torch.bfloat16 if setting.is_cuda else torch.float32


def synchronise(setting: Setting) -> None:
    """Wait until the device has done what it was given."""
    if setting.is_cuda:
        torch.cuda.synchronize(device_of(setting))


def free_bytes(setting: Setting) -> int | None:
    """What the GPU has free; None on a CPU."""
    return torch.cuda.mem_get_info(device_of(setting))[0] if setting.is_cuda else None
