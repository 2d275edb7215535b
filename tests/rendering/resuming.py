"""Renders that are stopped after a step and resumed in another process, whose program is this module."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.models_file import write_section
from bench.tiny_families import FAMILIES
from core.catalog import Task, load_catalog
from tests.conftest import REPOSITORY
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel, Models
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd


@dataclass(frozen=True)
class Case:
    """A render of one of the tiny families."""

    family: str
    task: Task
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
            "mask_feather": 8,
            "scheduler": self.scheduler,
            "deterministic": True,
            **family.call,
            **self.changes,
        }


@dataclass(frozen=True)
class Drawn:
    """The result of a render, or of the part of it that was done."""

    pixels_sha256: str
    #: Of the latents after the last step: they show differences that rounding hides in the pixels.
    latents_sha256: str
    forwards: int
    steps: int


class Stopped(Exception):
    """The worker stops."""


class TinyModels:
    """The tiny families in a folder, loaded as a worker loads its models."""

    def __init__(self, folder: Path, families: Iterable[str] = tuple(FAMILIES), *, forwards: int = 2) -> None:
        """Families that are not in the folder are built. `forwards` run at a time: two as in a worker with two cores; one as on a
        GPU, when jobs share most forwards. The cores are not divided: each forward has the threads that torch has anyway, so that
        a job alone is the bare pipeline to the bit.
        """
        for family in families:
            if not (folder / family).exists():
                FAMILIES[family].build(folder / family)
        (folder / "models.toml").write_text("".join(write_section(family, family) for family in families))
        self._models = Models(load_catalog(folder / "models.toml"), device="cpu", budget_bytes=2**31, forwards=forwards)

    def get(self, family_id: str) -> LoadedModel:
        """The family's model."""
        return self._models.load(family_id)

    def close(self) -> None:
        self._models.close()


def build_drawing(case: Case) -> Drawing:
    """What the case draws, with a batch job of its own."""
    return Drawing(case.request, case.seeds, draw_images(case), task=case.task)


def draw(model: LoadedModel, case: Case, checkpoint: Checkpoint | None = None) -> Drawn:
    """The whole render, or the rest of it."""
    forwards = model.batcher.forwards
    ends: list[StepEnd] = []
    rendered = render_images(model, build_drawing(case), on_step=ends.append, checkpoint=checkpoint)
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
    """Render up to a step and stop. Returns the checkpoint there, and the number of forwards."""
    forwards = model.batcher.forwards
    kept: list[Checkpoint] = []

    def stop(end: StepEnd) -> None:
        if end.step == step:
            kept.append(end.capture())
            raise Stopped

    with contextlib.suppress(Stopped):
        render_images(model, build_drawing(case), on_step=stop, checkpoint=checkpoint)
    return kept[0], model.batcher.forwards - forwards


def _digest(numbers: NDArray[Any]) -> str:
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def draw_images(case: Case) -> dict[str, Image.Image]:
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
        images["control_image"] = _draw_picture(size, seed=2)
    return images


def _draw_picture(size: tuple[int, int], *, seed: int) -> Image.Image:
    numbers = np.random.default_rng(seed).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    return Image.fromarray(numbers).resize(size)


def write_stopped(folder: Path, name: str, case: Case, checkpoint: Checkpoint) -> None:
    """Write a stopped render to files, for another process to resume."""
    (folder / f"{name}.safetensors").write_bytes(checkpoint.to_bytes())
    (folder / f"{name}.json").write_text(json.dumps(asdict(case)))


def resume_elsewhere(models: Path, stopped: Path) -> dict[str, Drawn]:
    """Resume all stopped renders of a folder, in a process that has nothing but the files."""
    threads = str(torch.get_num_threads())
    command = [sys.executable, "-m", "tests.rendering.resuming", str(models), str(stopped), threads]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: Drawn(**fields) for name, fields in json.loads(done.stdout.splitlines()[-1]).items()}


def main(models: Path, stopped: Path, threads: int) -> None:
    """The program of the other process: print the result of each render, drawn with so many threads."""
    torch.set_num_threads(threads)
    drawn: dict[str, dict[str, Any]] = {}
    tiny_models = TinyModels(models)
    for path in sorted(stopped.glob("*.json")):
        fields = json.loads(path.read_text())
        case = Case(**fields | {"seeds": tuple(fields["seeds"])})
        checkpoint = Checkpoint.from_bytes(path.with_suffix(".safetensors").read_bytes())
        drawn[path.stem] = asdict(draw(tiny_models.get(case.family), case, checkpoint))
    print(json.dumps(drawn))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
