"""The models of the check: a pipeline with random weights, and the engine around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.gpu_check.full_size import build_full_size
from bench.tiny_families import FAMILIES
from core.catalog import ModelEntry
from worker.rendering.models import LoadedModel
from worker.rendering.models.loading import prepare_model
from worker.rendering.models.plan_load import LoadPlan, ModelFiles


@dataclass(frozen=True)
class Kind:
    """One architecture, at full size and tiny."""

    name: str
    #: In `bench.tiny_families`, and in `bench.denoisers`.
    tiny_family: str
    denoiser: str
    #: Pixels of a side of its pictures, steps, and guidance (0: one row for each picture).
    side: int
    steps: int
    guidance: float
    #: GiB that it takes with its activations at full size.
    needed_gib: float

    def request(self, *, is_tiny: bool, **changes: Any) -> dict[str, Any]:
        """A job of the model, as the renderer takes it."""
        side = 64 if is_tiny else self.side
        return {
            "prompt": "a red mug",
            "width": side,
            "height": side,
            "num_inference_steps": 2 if is_tiny else self.steps,
            "guidance_scale": self.guidance,
            "scheduler": "own",
            **changes,
        }


KINDS = {
    kind.name: kind
    for kind in (
        Kind("sd15", "sd15", "sd15", side=512, steps=20, guidance=5.0, needed_gib=6),
        Kind("sdxl", "sdxl", "sdxl", side=1024, steps=20, guidance=5.0, needed_gib=14),
        Kind("flux", "flux-dev", "flux1", side=1024, steps=8, guidance=3.5, needed_gib=34),
        Kind("z-image", "z-image", "z-image", side=1024, steps=8, guidance=0.0, needed_gib=20),
    )
}


def build_pipeline(kind: Kind, device: torch.device, dtype: torch.dtype, *, is_tiny: bool, seed: int = 0) -> Any:
    """The pipeline on the device; the same weights for the same seed, device and type."""
    torch.manual_seed(seed)
    if is_tiny:
        pipeline = FAMILIES[kind.tiny_family].assemble().to(device=device, dtype=dtype)
    else:
        pipeline = build_full_size(kind.name, device, dtype)
    for component in pipeline.components.values():
        if isinstance(component, torch.nn.Module):
            # As after a load: without the dropout of a training.
            component.eval()
    return pipeline


def load_engine(pipeline: Any, kind: Kind, device: torch.device, dtype: torch.dtype, **switches: Any) -> LoadedModel:
    """The engine around the pipeline, with speed switches as in a models file. The pipeline's modules are the engine's from
    now on.
    """
    side = kind.side
    entry = ModelEntry(
        source="nowhere",
        revision="1",
        licence="Apache-2.0",
        commercial_use=True,
        pipeline=type(pipeline).__name__,
        dtype=str(dtype).removeprefix("torch."),
        default_width=side,
        default_height=side,
        max_width=side,
        max_height=side,
        default_steps=kind.steps,
        max_steps=kind.steps,
        schedulers=("own",),
        default_scheduler="own",
        **switches,
    )
    files = ModelFiles(kind.name, entry, source=Path("nowhere"), config=None, device=device)
    plan = LoadPlan(files, variant=None, parts=(), file_sha256={}, model_index={})
    return prepare_model(pipeline, plan, _no_lora, forwards=1)


def _no_lora(_lora_id: str) -> Any:
    raise LookupError("the check has no LoRAs")
