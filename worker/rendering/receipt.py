"""What it takes to make a job's images again."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import torch

from core.jobs.claim import ClaimedAttempt
from core.jobs.finish import StoredImage
from worker.rendering.models import LoadedModel

_LIBRARIES = ("diffusers", "torch", "transformers", "pillow")


def build_receipt(model: LoadedModel, attempt: ClaimedAttempt, images: list[StoredImage]) -> dict[str, Any]:
    """JSON-ready: model and weights, every parameter, seeds, versions, device, and the sha256 of every output."""
    return {
        "model": {"id": model.id, "revision": attempt.model_revision, "file_sha256": model.file_sha256},
        "request": attempt.request,
        "device": _device_name(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "switches": model.switches,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "outputs": [{"seed": image.seed, "sha256": image.sha256} for image in images],
    }


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()})"
