"""What a training run cost, as its checkpoints tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .checkpoint import find_checkpoint

STAGES = ("decoder", "text_encoder", "denoiser")
#: Lies beside the weights, so that a later evaluation can write it into the card.
FILE_NAME = "training.json"


def training_cost(run_folder: Path) -> dict[str, dict[str, Any]]:
    """Steps and minutes of every stage that the run has begun."""
    saved = {stage: find_checkpoint(run_folder / f"{stage}.pt") for stage in STAGES}
    return {
        stage: {"steps": state["step"], "minutes": round(state["seconds"] / 60, 1)}
        for stage, state in saved.items()
        if state is not None
    }


def describe_cost(model_folder: Path) -> str:
    """The cost of the model in the folder, in a sentence; empty where it is not recorded."""
    path = model_folder / FILE_NAME
    if not path.exists():
        return ""
    stages = json.loads(path.read_text())
    told = ", ".join(
        f"{stage.replace('_', ' ')} {cost['steps']:,} steps in {cost['minutes']} minutes"
        for stage, cost in stages.items()
    )
    return f"These weights took, on two processor cores shared with other work: {told}."
