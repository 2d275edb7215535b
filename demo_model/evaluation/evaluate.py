"""Measures how well the model draws what prompts ask for, on combinations that training never saw."""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline
from tqdm import tqdm

from demo_model.dataset.captions import plain_caption
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.dataset.scene import Scene
from demo_model.dataset.style_wordings import STYLE_FRAMES
from demo_model.dataset.vocabulary import STYLES
from demo_model.evaluation.checker import Judgement, judge
from demo_model.evaluation.contact_sheet import contact_sheet
from demo_model.evaluation.model_card import write_model_card
from demo_model.evaluation.scores import Evaluation, score, share
from demo_model.evaluation.sharpness import large_shapes, median_and_tail, outline_deviation
from demo_model.generative_model.pipeline import render
from demo_model.settings import EVALUATION_SEED, WEIGHTS_FOLDER

PROMPTS = 500
#: What the sheet of styles shows, a style a row.
SHOWN = (
    "a red mug",
    "a blue house",
    "a green bottle on a yellow background",
    "an orange cat on the left and a purple flower on the right",
)
STYLE_PROMPTS = tuple(STYLE_FRAMES[style][0].format(shown) for style in STYLES for shown in SHOWN)
#: Pictures rendered at a time. Each has its own seed, so the number changes only the memory needed.
BATCH = 20


def evaluate(folder: Path, prompts: int) -> Evaluation:
    """Renders the held-out prompts with the model in the folder and scores the pictures.

    Writes the first 64 pictures as `sheet.png` and the figures into the model card, both in the folder.
    """
    pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    scenes = evaluation_scenes(prompts, EVALUATION_SEED)

    pictures = []
    for start in tqdm(range(0, prompts, BATCH), desc="evaluation", mininterval=10):
        batch = scenes[start : start + BATCH]
        pictures += render(pipeline, [plain_caption(scene) for scene in batch], range(start, start + len(batch)))

    judgements = [judge(picture, scene) for picture, scene in zip(pictures, scenes, strict=True)]
    shapes = large_shapes() if prompts == PROMPTS else large_shapes()[:2]
    outlines = render(pipeline, [plain_caption(scene) for scene in shapes], range(len(shapes)))
    evaluation = Evaluation(
        scores=score(scenes, judgements),
        prompts=prompts,
        two_thing_prompts=sum(scene.is_pair for scene in scenes),
        missed=_missed(scenes, judgements),
        styles=_by_style(scenes, judgements),
        deviation=median_and_tail(
            [outline_deviation(each, scene.things[0].object) for each, scene in zip(outlines, shapes, strict=True)]
        ),
        seconds_per_image=_seconds_per_image(pipeline),
        machine=f"{os.cpu_count()} cores, {_processor()}, torch {torch.__version__}",
    )
    contact_sheet(pictures[:64], columns=8).reduce(2).save(folder / "sheet.png", optimize=True)
    shown = list(STYLE_PROMPTS) if prompts == PROMPTS else list(STYLE_PROMPTS[: len(SHOWN)])
    styles = render(pipeline, shown, range(len(shown)))
    contact_sheet(styles, columns=len(SHOWN)).reduce(2).save(folder / "styles.png", optimize=True)
    write_model_card(evaluation, [plain_caption(scene) for scene in scenes[:64]], folder)
    return evaluation


def _by_style(scenes: list[Scene], judgements: list[Judgement]) -> dict[str, tuple[float, float]]:
    """See `Evaluation.styles`."""
    found = {}
    for style in STYLES:
        judged = [each for scene, each in zip(scenes, judgements, strict=True) if scene.style == style]
        things = [verdict.object and verdict.colour for each in judged for verdict in each.things]
        if judged:
            found[style] = (share([each.style for each in judged]), share(things))
    return found


def _missed(scenes: list[Scene], judgements: list[Judgement]) -> list[tuple[str, int, int]]:
    """See `Evaluation.missed`."""
    asked: dict[str, list[bool]] = {}
    for scene, judgement in zip(scenes, judgements, strict=True):
        for thing, verdict in zip(scene.things, judgement.things, strict=True):
            asked.setdefault(thing.object, []).append(verdict.object)
    counted = [(name, right.count(False), len(right)) for name, right in asked.items() if not all(right)]
    return sorted(counted, key=lambda row: row[1] / row[2], reverse=True)


def _seconds_per_image(pipeline: StableDiffusionPipeline) -> float:
    """Median seconds of one render at the default settings, alone, after one to warm up."""
    seconds = []
    for seed in range(6):
        started = time.perf_counter()
        render(pipeline, ["a red mug"], [seed])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[1:]))


def _processor() -> str:
    """The processor's own name where the system gives it, else its architecture."""
    listing = Path("/proc/cpuinfo")
    names = (
        [line for line in listing.read_text().splitlines() if line.startswith("model name")] if listing.exists() else []
    )
    return names[0].split(":")[1].strip() if names else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the model on held-out prompts; write the sheet and the card.")
    parser.add_argument("--model", type=Path, default=WEIGHTS_FOLDER, help="folder of the model")
    parser.add_argument("--prompts", type=int, default=PROMPTS)
    arguments = parser.parse_args()

    evaluation = evaluate(arguments.model, arguments.prompts)
    for name, right in vars(evaluation.scores).items():
        print(f"{name:<10} {right:6.1%}")
    print("outlines are off by {:.2f} pixels at the median and {:.2f} at p95".format(*evaluation.deviation))
    print(f"{evaluation.seconds_per_image:.2f} s per image on {evaluation.machine}")


if __name__ == "__main__":
    main()
