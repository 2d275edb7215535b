"""Writes the model in diffusers' folder layout, whole or not at all."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from demo_model.settings import TRAINING_COST_FILE
from demo_model.training.training_cost import training_cost


def export_model(pipeline: StableDiffusionPipeline, run_folder: Path, folder: Path, note: str = "") -> None:
    """Writes fp16 safetensors to the folder, in place of what was there; the note goes into the card.

    The pipeline itself is left in half precision.

    The new folder is written aside and then renamed, so that no reader finds half a model.
    """
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    pipeline.to(torch.float16, silence_dtype_warnings=True)
    pipeline.save_pretrained(aside, safe_serialization=True)

    (aside / TRAINING_COST_FILE).write_text(json.dumps(training_cost(run_folder, note), indent=2) + "\n")
    for path in aside.rglob("*.safetensors"):
        path.chmod(0o644)

    old = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.old")
    if folder.exists():
        folder.replace(old)
    aside.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
