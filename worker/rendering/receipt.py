"""The receipt: everything that it takes to make a job's images again."""

from __future__ import annotations

import platform
import statistics
from typing import Any

import torch

from core.artifacts.outputs import StoredImage
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from worker.rendering.cores import get_cores
from worker.rendering.models import LoadedModel
from worker.rendering.models.memory import peak_bytes
from worker.rendering.pipelines.describe_scheduler import describe_scheduler
from worker.rendering.render import RenderedImages
from worker.rendering.versions import list_versions


def describe_place(model: LoadedModel, attempt: ClaimedAttempt) -> dict[str, Any]:
    """JSON-ready, and known before the job is drawn: model and weights, scheduler, versions and device."""
    return {
        "model": {
            "id": model.id,
            "revision": attempt.model_revision,
            "file_sha256": model.file_sha256,
            "default_scheduler": model.entry.default_scheduler,
        },
        "scheduler": describe_scheduler(model, attempt.request),
        # On a CPU the last bits depend on the number of threads that share an operator. It is the number for jobs that have to be
        # the same bit for bit; the calling thread's own is of whatever it has just worked on.
        "torch_threads": get_cores().all if model.device.type == "cpu" else None,
        "device": _device_name(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "switches": model.switches,
        "versions": list_versions(),
    }


def describe_render(model: LoadedModel, attempt: ClaimedAttempt, drawn: RenderedImages) -> dict[str, Any]:
    """JSON-ready: what `describe_place` says, every parameter, and how the job was drawn. What `describe_outputs` returns belongs
    to it.
    """
    return describe_place(model, attempt) | {
        "loras": drawn.loras,
        # As it was rendered: with the prompts in the style's frame.
        "request": attempt.request,
        "style": attempt.style,
        "prompts": drawn.prompts.describe(attempt.request),
        "batching": _describe_company(drawn, model.device),
        "checkpoints": {"resume": drawn.resume, "resumed_after_step": drawn.earlier_steps or None},
        "tiles": drawn.tiles.describe(),
    }


def describe_outputs(attempt: ClaimedAttempt, images: list[StoredImage]) -> list[dict[str, Any]]:
    """JSON-ready: seed and sha256 of every output, which is null for one that the model's content filter withheld."""
    sha256 = {image.position: image.sha256 for image in images}
    return [{"seed": seed, "sha256": sha256.get(position)} for position, seed in enumerate(attempt.image_seeds)]


def _describe_company(drawn: RenderedImages, device: torch.device) -> dict[str, Any]:
    """The sizes of the batches that the job was drawn in, how long a forward took, the calls of models that are not batched, and
    the peak memory of its own GPU.
    """
    rows, seconds = drawn.batch_rows, drawn.forward_seconds
    # What is called once for a job is no denoiser.
    apart = {name: calls for name, calls in drawn.calls_apart.items() if calls > 1}
    company: dict[str, Any] = {"calls_apart": apart} if apart else {}
    if not rows:
        return {"forwards": 0} | company
    company |= {
        "forwards": len(rows),
        "rows_mean": round(statistics.fmean(rows), 2),
        "rows_max": max(rows),
        "forward_ms_median": round(statistics.median(seconds) * 1000, 2) if seconds else None,
    }
    peak = peak_bytes(device)
    if peak is not None:
        company["device_peak_bytes"] = peak
    return company


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()})"
