"""What a training run cost, as its checkpoints tell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .checkpoint import find_checkpoint

STAGES = ("decoder", "text_encoder", "denoiser")
#: Lies beside the weights, so that a later evaluation can write it into the card.
FILE_NAME = "training.json"


def training_cost(run_folder: Path, note: str) -> dict[str, Any]:
    """This machine's cores, steps and minutes of every stage that the run has begun, and what else is worth telling."""
    saved = {stage: find_checkpoint(run_folder / f"{stage}.pt") for stage in STAGES}
    stages = {
        stage: {"steps": state["step"], "minutes": round(state["seconds"] / 60, 1)}
        for stage, state in saved.items()
        if state is not None
    }
    return {"cores": os.cpu_count(), "stages": stages, "note": note}


def describe_cost(model_folder: Path) -> str:
    """The cost of the model in the folder, in words; empty where it is not recorded."""
    path = model_folder / FILE_NAME
    if not path.exists():
        return ""
    cost = json.loads(path.read_text())
    told = ", ".join(
        f"{stage.replace('_', ' ')} {spent['steps']:,} steps in {spent['minutes']} minutes"
        for stage, spent in cost["stages"].items()
    )
    return f"These weights took, on {cost['cores']} processor cores: {told}. {cost['note']}".rstrip()
