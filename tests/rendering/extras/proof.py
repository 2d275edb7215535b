"""The proof of an extra: the job alone is what diffusers draws with the same extra, and holds beside other jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from pathlib import Path
from threading import Barrier
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.families.render import MEETINGS, Drawn, draw, draw_together
from bench.models_file import write_section
from core.catalog import load_catalog
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel, Models
from worker.rendering.watch_steps import StepEnd

#: Between a job among others and the same job alone, as a part of the range.
BOUND = 1e-4

#: What an extra changes at least, as a part of the range.
LEAST_EFFECT = 1e-3

SIDE = 64

#: Builds a job's drawing: of these seeds, with these changes of its request.
Build = Callable[..., Drawing]


class Stopped(Exception):
    """The worker stops."""


def quick_first(families: Iterable[str]) -> list[Any]:
    """Parameters of a test for each family: all but the first are slow."""
    first, *others = families
    return [first, *(pytest.param(family, marks=pytest.mark.slow) for family in others)]


def write_models(folder: Path, **sections: dict[str, Any]) -> Models:
    """The models of a file with these sections, each with the fields that differ from the usual ones."""
    (folder / "models.toml").write_text(
        "".join(write_section(name, fields.pop("source"), **fields) for name, fields in sections.items())
    )
    return Models(load_catalog(folder / "models.toml"), device="cpu", budget_bytes=2**31)


def draw_picture(seed: int, side: int = SIDE) -> Image.Image:
    numbers = np.random.default_rng(seed).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    return Image.fromarray(numbers).resize((side, side))


def build_request(**changes: Any) -> dict[str, Any]:
    usual = {"prompt": "a red mug", "negative_prompt": "blurry", "width": SIDE, "height": SIDE}
    return {**usual, "num_inference_steps": 4, "guidance_scale": 3.0, "scheduler": "own", **changes}


def draw_bare(
    pipeline: Any,
    seeds: Sequence[int] = (7,),
    *,
    generators: Sequence[torch.Generator] = (),
    size: Mapping[str, int] = MappingProxyType({"width": SIDE, "height": SIDE}),
    **call: Any,
) -> Drawn:
    """The picture of a pipeline of diffusers, with the latents after its last step. `generators` in the place of the seeds'."""
    pipeline.set_progress_bar_config(disable=True)
    steps: list[torch.Tensor] = []
    step = pipeline.scheduler.step

    @wraps(step)
    def kept(*arguments: Any, **options: Any) -> Any:
        result = step(*arguments, **options)
        steps.append((result[0] if isinstance(result, tuple) else result.prev_sample).clone())
        return result

    pipeline.scheduler.step = kept
    torch.manual_seed(0)
    with torch.inference_mode():
        images = pipeline(
            **{"prompt": "a red mug", "num_inference_steps": 4, "guidance_scale": 3.0, **size, **call},
            num_images_per_prompt=len(seeds),
            generator=list(generators) or [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        ).images
    return Drawn([np.asarray(image) for image in images], steps[-1], len(steps))


def prove(model: LoadedModel, build: Build, bare: Drawn, *, resumes: bool = True) -> None:
    """The job of seed 7 alone is `bare` bit for bit; two images, company, a cancelled neighbour and a resume change nothing."""
    alone = draw(model, build())
    assert alone.equals(bare)
    _prove_two_images(model, build, alone)
    _prove_company(model, build)
    _prove_cancel(model, build, alone)
    if resumes:
        _prove_resume(model, build, alone)


def _prove_two_images(model: LoadedModel, build: Build, alone: Drawn) -> None:
    both = draw(model, build((7, 8)))
    count = len(both.latents) // 2
    for index, one in enumerate((alone, draw(model, build((8,))))):
        part = Drawn([both.pictures[index]], both.latents[index * count : (index + 1) * count], both.steps)
        assert part.differs_from(one) <= BOUND


def _prove_company(model: LoadedModel, build: Build) -> None:
    changes: list[dict[str, Any]] = [{"prompt": prompt} for prompt in ("a red mug", "a blue bowl", "a red bowl")]
    jobs = [{"seeds": (20 + number,), **each} for number, each in enumerate(changes)]
    prove_together(model, [partial(build, **job) for job in jobs])


def prove_together(model: LoadedModel, builds: Sequence[Callable[[], Drawing]]) -> list[Drawn]:
    """Jobs side by side are what each of them is alone, and some share forwards."""
    alone = [draw(model, build()) for build in builds]
    for _ in range(MEETINGS):
        together = draw_together(model, [build() for build in builds], meet=True)
        assert max(shared.differs_from(own) for shared, own in zip(together, alone, strict=True)) <= BOUND
        if any(max(one.batch_rows) > max(own.batch_rows) for one, own in zip(together, alone, strict=True)):
            return together
    raise AssertionError("no two jobs shared a forward")


def _prove_cancel(model: LoadedModel, build: Build, alone: Drawn) -> None:
    met = Barrier(2, timeout=120)

    def stop(end: StepEnd) -> None:
        if end.step == 1:
            met.wait()
        else:
            raise Stopped

    def wait(end: StepEnd) -> None:
        if end.step == 1:
            met.wait()

    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(draw, model, build((9,)), on_step=stop)
        assert draw(model, build(), on_step=wait).differs_from(alone) <= BOUND
        with pytest.raises(Stopped):
            other.result()


def _prove_resume(model: LoadedModel, build: Build, alone: Drawn) -> None:
    kept: list[bytes] = []

    def stop(end: StepEnd) -> None:
        if end.step == 2:
            kept.append(end.capture().to_bytes())
            raise Stopped

    with pytest.raises(Stopped):
        draw(model, build(), on_step=stop)
    assert draw(model, build(), checkpoint=Checkpoint.from_bytes(kept[0])).equals(alone)
