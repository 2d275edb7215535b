"""The model's folders, seeds and default render settings."""

from __future__ import annotations

from pathlib import Path

#: The model as it ships.
WEIGHTS_FOLDER = Path(__file__).parent / "weights"
#: Checkpoints and progress pictures of the current training run.
RUN_FOLDER = Path(__file__).parent / ".runs" / "default"
#: Beside the weights: what their training took. Training writes it, and evaluation copies it into the model card.
TRAINING_COST_FILE = "training.json"

#: Seed of the whole recipe.
SEED = 1

#: Defaults of a render.
STEPS = 12
GUIDANCE = 2.0

#: Fixed before any training: evaluation draws its scenes from this seed, and renders picture number n from seed n.
EVALUATION_SEED = 2026
#: Of the prompts that the defaults are chosen on.
VALIDATION_SEED = 2027
