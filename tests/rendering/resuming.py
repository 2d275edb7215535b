"""Renders that are stopped after a step and gone on with in another process, which this module is the program of."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import REPOSITORY
from tests.rendering.families import FAMILIES
from worker.rendering.batching import Batcher
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.models import LoadedModel, find_denoisers
from worker.rendering.pipelines.tasks import control_argument, derive_pipeline
from worker.rendering.render import render_images
from worker.rendering.stepping import StepEnd


@dataclass(frozen=True)
class Case:
    """A render of one of the tiny families."""

    family: str
    task: str
    scheduler: str
    seeds: tuple[int, ...] = (7, 8)
    steps: int = 5
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.family}-{self.task}-{self.scheduler}"

    @property
    def request(self) -> dict[str, Any]:
        family = FAMILIES[self.family]
        width, height = family.sizes[0]
        return {
            "prompt": "a red mug on a table",
            "negative_prompt": "blurry",
            "width": width,
            "height": height,
            "num_inference_steps": self.steps,
            family.guidance: 3.0,
            "strength": 0.7,
            "scheduler": self.scheduler,
            "deterministic": True,
            **family.call,
            **self.changes,
        }


@dataclass(frozen=True)
class Drawn:
    """What came of a render, or of the part of it that was done."""

    pixels_sha256: str
    #: Of the latents after the last step: they show what the pixels round off.
    latents_sha256: str
    forwards: int
    steps: int


class Stopped(Exception):
    """The worker stops."""


def load(folder: Path, family_id: str, task: str) -> LoadedModel:
    """The family's model, as a worker that has never seen it loads it."""
    loaded = DiffusionPipeline.from_pretrained(folder / family_id, use_safetensors=True, local_files_only=True)
    pipeline = derive_pipeline(loaded, task)
    assert pipeline is not None
    pipeline.set_progress_bar_config(disable=True)
    weights = sorted((folder / family_id).rglob("*.safetensors"))
    return LoadedModel(
        id=family_id,
        pipeline=pipeline,
        device=torch.device("cpu"),
        dtype=torch.float32,
        file_sha256={str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in weights},
        batcher=Batcher(find_denoisers(pipeline), name=family_id),
    )


def draw(model: LoadedModel, case: Case, checkpoint: Checkpoint | None = None) -> Drawn:
    """The whole render, or the rest of it."""
    forwards = model.batcher.forwards
    ends: list[StepEnd] = []
    rendered = render_images(
        model,
        case.request,
        seeds=case.seeds,
        on_step=ends.append,
        images=draw_images(model, case),
        checkpoint=checkpoint,
    )
    assert ends[-1].is_last
    return Drawn(
        pixels_sha256=_digest(np.stack([np.asarray(image) for image in rendered.images])),
        latents_sha256=_digest(ends[-1].latents.numpy()),
        forwards=model.batcher.forwards - forwards,
        steps=ends[-1].steps,
    )


def stop_after(
    model: LoadedModel, case: Case, step: int, checkpoint: Checkpoint | None = None
) -> tuple[Checkpoint, int]:
    """Render up to a step and no further: the checkpoint there, and the forwards that it took."""
    forwards = model.batcher.forwards
    kept: list[Checkpoint] = []

    def end_step(end: StepEnd) -> None:
        if end.step == step:
            kept.append(end.capture())
            raise Stopped

    with contextlib.suppress(Stopped):
        render_images(
            model,
            case.request,
            seeds=case.seeds,
            on_step=end_step,
            images=draw_images(model, case),
            checkpoint=checkpoint,
        )
    return kept[0], model.batcher.forwards - forwards


def _digest(numbers: NDArray[Any]) -> str:
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def draw_images(model: LoadedModel, case: Case) -> dict[str, Image.Image]:
    """The pictures that the case's pipeline starts from."""
    size = (case.request["width"], case.request["height"])
    images = {}
    if case.task != "text-to-image":
        images["image"] = _draw_picture(size, seed=1)
    if case.task == "inpainting":
        mask = np.zeros((size[1], size[0]), dtype=np.uint8)
        mask[:, size[0] // 2 :] = 255
        images["mask_image"] = Image.fromarray(mask)
    if FAMILIES[case.family].control:
        images[control_argument(model.pipeline)] = _draw_picture(size, seed=2)
    return images


def _draw_picture(size: tuple[int, int], *, seed: int) -> Image.Image:
    numbers = np.random.default_rng(seed).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    return Image.fromarray(numbers).resize(size)


def leave(folder: Path, name: str, case: Case, checkpoint: Checkpoint) -> None:
    """Put a render down for another process to go on with."""
    (folder / f"{name}.safetensors").write_bytes(checkpoint.to_bytes())
    (folder / f"{name}.json").write_text(json.dumps(asdict(case)))


def go_on_elsewhere(models: Path, stopped: Path) -> dict[str, Drawn]:
    """Go on with all that was left in a folder, in a process that knows nothing but the files."""
    command = [sys.executable, "-m", "tests.rendering.resuming", str(models), str(stopped)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: Drawn(**fields) for name, fields in json.loads(done.stdout.splitlines()[-1]).items()}


def main(models: Path, stopped: Path) -> None:
    """What the other process does: prints what came of each render."""
    drawn: dict[str, dict[str, Any]] = {}
    loaded: dict[tuple[str, str], LoadedModel] = {}
    for path in sorted(stopped.glob("*.json")):
        fields = json.loads(path.read_text())
        case = Case(**fields | {"seeds": tuple(fields["seeds"])})
        place = (case.family, case.task)
        if place not in loaded:
            loaded[place] = load(models, *place)
        checkpoint = Checkpoint.from_bytes(path.with_suffix(".safetensors").read_bytes())
        drawn[path.stem] = asdict(draw(loaded[place], case, checkpoint))
    print(json.dumps(drawn))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
