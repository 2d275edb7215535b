"""What a training run took, read from its checkpoints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from demo_model.training.checkpoint import find_checkpoint

STAGES = ("autoencoder", "text_encoder", "denoiser")


def training_cost(run_folder: Path, note: str) -> dict[str, Any]:
    """Returns this machine's cores, the steps and minutes of every stage that the run has begun, and the note."""
    saved = {stage: find_checkpoint(run_folder / f"{stage}.pt") for stage in STAGES}
    stages = {
        stage: {"steps": state["step"], "minutes": round(state["seconds"] / 60, 1)}
        for stage, state in saved.items()
        if state is not None
    }
    return {"cores": os.cpu_count(), "stages": stages, "note": note}
