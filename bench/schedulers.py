"""`python -m bench.schedulers`: how far pictures of few steps are from finely drawn ones, for every scheduler, on Picturebook.

Per cell: difference of the mean colour (levels of 255), sharp detail as a multiple of the reference's, and difference of the
pixels (levels). The first two hold for schedulers that add noise as well, whose pictures are others than the reference. A
number of steps is sensible if it and every larger one has the reference's colours within `MOST_COLOUR` levels and at most
`MOST_DETAIL` times its detail: what is above is noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.markdown import write_rows
from core.catalog import Task, load_catalog
from core.catalog.schedulers import DIFFUSION_SCHEDULERS
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.device import share_cores
from worker.rendering.pipelines import build_scheduler
from worker.rendering.render import render_images

SIDE = 256
MOST_COLOUR = 16.0
MOST_DETAIL = 1.5
STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
#: Of the reference.
FINE = 100
#: The picture that the others start from, and what is drawn.
FIRST = "a green cup on a yellow background"
PROMPTS = ("a red mug on a yellow background", "a blue bowl on a yellow background")

Pixels = NDArray[np.float64]


@dataclass(frozen=True)
class Distance:
    """Between pictures and their references: colour and pixels in levels of 255, detail as a ratio."""

    colour: float
    detail: float
    pixels: float

    @property
    def is_sensible(self) -> bool:
        return self.colour <= MOST_COLOUR and self.detail <= MOST_DETAIL


class Picturebook:
    """Draws with the shipped model as a worker does, and compares."""

    def __init__(self) -> None:
        shared = share_cores(torch.device("cpu"))
        catalog = load_catalog(Path(__file__).parents[1] / "models.toml")
        self._models = Models(catalog, device="cpu", budget_bytes=2**31, forwards=shared)
        self._model: LoadedModel = self._models.load("picturebook")
        self._references: dict[tuple[Task, int], Pixels] = {}
        self._images: dict[Task, Mapping[str, Image.Image]] = {"text-to-image": {}}
        first = self._draw_one(FIRST, "ddim", FINE // 2, 1.0, "text-to-image")
        image = Image.fromarray(first.astype(np.uint8))
        mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
        mask[:, SIDE // 3 :] = 255
        self._images["image-to-image"] = {"image": image}
        self._images["inpainting"] = {"image": image, "mask_image": Image.fromarray(mask)}

    def close(self) -> None:
        self._models.close()

    def measure(self, scheduler: str, task: Task, *, steps: int, done: int) -> Distance:
        """The pictures of the last `done` of `steps` steps, beside references that start with as much noise."""
        pictures = self._draw(task, scheduler, steps, done)
        references = self._find_references(task, self._first_sigma(scheduler, task, steps, done))
        colours = pictures.mean((1, 2)) - references.mean((1, 2))
        return Distance(
            colour=float(np.sqrt((colours**2).mean())),
            detail=_measure_detail(pictures) / _measure_detail(references),
            pixels=float(np.sqrt(((pictures - references) ** 2).mean())),
        )

    def _find_references(self, task: Task, sigma: float) -> Pixels:
        sigmas = np.array([self._first_sigma("ddim", task, FINE, done) for done in range(1, FINE + 1)])
        done = int(np.abs(np.log(sigmas) - np.log(sigma)).argmin()) + 1
        if (task, done) not in self._references:
            self._references[task, done] = self._draw(task, "ddim", FINE, done)
        return self._references[task, done]

    def _first_sigma(self, scheduler: str, task: Task, steps: int, done: int) -> float:
        built = build_scheduler(scheduler, self._model.pipeline.scheduler, from_picture=task != "text-to-image")
        built.set_timesteps(steps)
        place = (steps - done) * built.order
        if hasattr(built, "sigmas"):
            return float(built.sigmas[place])
        alpha = max(float(built.alphas_cumprod[int(built.timesteps[place])]), 1e-9)
        return float(((1 - alpha) / alpha) ** 0.5)

    def _draw(self, task: Task, scheduler: str, steps: int, done: int) -> Pixels:
        # A little more than the quotient, which binary rounding can leave below `done` steps.
        strength = min((done + 0.01) / steps, 1.0)
        return np.stack([self._draw_one(prompt, scheduler, steps, strength, task) for prompt in PROMPTS])

    def _draw_one(self, prompt: str, scheduler: str, steps: int, strength: float, task: Task) -> Pixels:
        request = {"prompt": prompt, "negative_prompt": "", "width": SIDE, "height": SIDE, "guidance_scale": 2.0}
        request |= {"num_inference_steps": steps, "strength": strength, "scheduler": scheduler, "mask_feather": 0}
        drawing = Drawing(request, [5], self._images[task], task=task)
        [image] = render_images(self._model, drawing, on_step=lambda _: None).images
        return np.asarray(image, dtype=np.float64)


def _measure_detail(pictures: Pixels) -> float:
    """Root mean square of the Laplacian: noise has much of it, flat pictures little."""
    grey = pictures.mean(-1)
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return float(np.sqrt(((4 * grey[:, 1:-1, 1:-1] - around) ** 2).mean()))


def find_least_steps(distances: Mapping[int, Distance]) -> int | None:
    """The least number of steps that is sensible, and all above it; None if the largest is not."""
    least = None
    for steps, distance in sorted(distances.items(), reverse=True):
        if not distance.is_sensible:
            break
        least = steps
    return least


def main() -> None:
    """Print a table of each task: schedulers, and the steps that are done."""
    parser = argparse.ArgumentParser(prog="python -m bench.schedulers", description=__doc__)
    parser.add_argument("--schedulers", nargs="+", choices=DIFFUSION_SCHEDULERS, default=list(DIFFUSION_SCHEDULERS))
    parser.add_argument("--tasks", nargs="+", default=["text-to-image", "image-to-image"])
    parser.add_argument("--steps", nargs="+", type=int, default=STEPS)
    options = parser.parse_args()
    picturebook = Picturebook()
    for task in options.tasks:
        print(f"\n## {task}\n")
        print(write_rows(["scheduler", "least", *map(str, options.steps)], []), flush=True)
        for scheduler in options.schedulers:
            distances = dict(_measure_all(picturebook, scheduler, task, options.steps))
            cells = [f"{one.colour:.0f} {one.detail:.1f} {one.pixels:.0f}" for one in distances.values()]
            print(f"| {' | '.join([scheduler, str(find_least_steps(distances)), *cells])} |", flush=True)
    picturebook.close()


def _measure_all(
    picturebook: Picturebook, scheduler: str, task: Task, steps: Sequence[int]
) -> Iterator[tuple[int, Distance]]:
    for done in steps:
        asked = done if task == "text-to-image" else 2 * done
        yield done, picturebook.measure(scheduler, task, steps=asked, done=done)


if __name__ == "__main__":
    main()
