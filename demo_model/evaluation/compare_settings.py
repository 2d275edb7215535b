"""Scores the model at several steps and guidances on validation prompts, to choose the defaults of `settings`.

The prompts are held out from training, as those of the evaluation, and drawn from another seed.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import torch
from diffusers import DiffusionPipeline

from demo_model.dataset.captions import plain_caption
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.evaluation.checker import judge
from demo_model.evaluation.scores import score
from demo_model.generative_model.pipeline import render
from demo_model.settings import VALIDATION_SEED, WEIGHTS_FOLDER

PROMPTS = 96
STEPS = (8, 12, 16)
GUIDANCES = (1.5, 2.0, 3.0, 4.0)
BATCH = 16


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the model at several steps and guidances.")
    parser.add_argument("--model", type=Path, default=WEIGHTS_FOLDER, help="folder of the model")
    parser.add_argument("--prompts", type=int, default=PROMPTS)
    arguments = parser.parse_args()

    pipeline = DiffusionPipeline.from_pretrained(arguments.model, dtype=torch.float32, use_safetensors=True)
    scenes = evaluation_scenes(arguments.prompts, VALIDATION_SEED)
    for steps, guidance in product(STEPS, GUIDANCES):
        judgements = []
        for start in range(0, len(scenes), BATCH):
            batch = scenes[start : start + BATCH]
            prompts = [plain_caption(scene) for scene in batch]
            seeds = range(start, start + len(batch))
            pictures = render(pipeline, prompts, seeds, steps=steps, guidance=guidance)
            judgements += [judge(picture, scene) for picture, scene in zip(pictures, batch, strict=True)]
        found = vars(score(scenes, judgements)).items()
        print(f"{steps:2} steps, guidance {guidance}:", *(f"{part} {share:.1%}" for part, share in found), flush=True)


if __name__ == "__main__":
    main()
