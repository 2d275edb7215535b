"""The dtype that a model is computed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import structlog
import torch

from worker.rendering.models.weights import read_dtypes

#: NVIDIA's from Ampere on compute in bfloat16; before, torch emulates it, slowly.
_FIRST_WITH_BFLOAT16 = (8, 0)

_log = structlog.get_logger()


def choose_dtype(wanted: str, device: torch.device, components: Iterable[Iterable[Path]]) -> torch.dtype:
    """The dtype that an entry names, but never float16 on a CPU, where it is slower and less exact than float32.

    `auto` is float32 on a CPU. On a GPU it is bfloat16 if any of the components (each with its safetensors files) is stored
    in it, because what was trained in bfloat16 overflows in float16; else float16.
    """
    on_cpu = device.type == "cpu"
    if wanted == "float32" or (on_cpu and wanted in {"auto", "float16"}):
        return torch.float32
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float16
    if not any(_is_stored_in_bfloat16(files) for files in components):
        return torch.float16
    if has_bfloat16(device):
        return torch.bfloat16
    _log.warning("device_has_no_bfloat16", device=str(device), dtype="float16")
    return torch.float16


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself."""
    if device.type == "cuda":
        return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= _FIRST_WITH_BFLOAT16
    if device.type == "mps":
        return torch.backends.mps.is_macos_or_newer(14, 0)
    return device.type in {"cpu", "xpu"}


def _is_stored_in_bfloat16(files: Iterable[Path]) -> bool:
    """Whether most of the numbers of a component are."""
    numbers: Counter[str] = Counter()
    for file in files:
        numbers += read_dtypes(file)
    return bool(numbers) and numbers.most_common(1)[0][0] == "BF16"
