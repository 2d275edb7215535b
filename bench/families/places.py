"""Every pipeline class that is served, as a job that it draws: a tiny family, a task, and perhaps a control image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from bench.tiny_families.every import EVERY_FAMILY
from bench.tiny_families.family import Family
from core.catalog import PipelineSignature, Task, find_drawing_signature, find_family, find_joined_class
from core.jobs.request.choose_task import FIELDS_OF
from worker.rendering.batching import BatchJob
from worker.rendering.drawing import Drawing

PROMPTS = ("a red mug", "a blue bowl", "a red bowl", "a blue mug")


@dataclass(frozen=True)
class Place:
    """A family and one of its tasks."""

    family_id: str
    task: Task

    def __str__(self) -> str:
        return f"{self.family_id}-{self.task}"

    @property
    def family(self) -> Family:
        return EVERY_FAMILY[self.family_id]

    @property
    def signature(self) -> PipelineSignature:
        """Of the class that draws. Raises LookupError if the table of families has none."""
        whole = find_joined_class(self.family.pipeline)
        signature = find_drawing_signature(whole, self.task, with_control_image=self.family.control)
        if signature is None:
            raise LookupError(f"no class of the table serves {self}")
        return signature

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that are measured here: the one that draws; if its stages come in two folders, those of both, and it
        itself only if it comes in no other way.
        """
        whole = self.signature.class_name
        family = find_family(whole)
        if self.family.assemble_prior is None or family is None:
            return (whole,)
        decoders = [name for name, joined in family.decoders.items() if joined == whole]
        return (*decoders, family.priors[0], *([whole] if self.signature.facts.ours else []))

    def build_request(self, **changes: Any) -> dict[str, Any]:
        """The job's parameters, resolved."""
        family = self.family
        width, height = family.sizes[0]
        usual = {"prompt": PROMPTS[0], "negative_prompt": "blurry", "strength": 0.7, "mask_feather": 0}
        usual |= {"num_inference_steps": family.steps, family.guidance: 3.0, "scheduler": family.compared_scheduler}
        request = {**usual, "width": width, "height": height, **family.call, **changes}
        return {name: value for name, value in request.items() if value is not None}

    def build_images(self) -> dict[str, Image.Image | Sequence[Image.Image]]:
        """The pictures that the task needs."""
        family = self.family
        size = family.input_size or family.sizes[0]
        images: dict[str, Image.Image | Sequence[Image.Image]] = {}
        if "image" in FIELDS_OF[self.task]:
            others = [_draw(family.other_size or size, seed=1 + number) for number in range(1, family.pictures)]
            first = _draw(size, seed=1)
            images["image"] = [first, *others] if others else first
        if self.task == "inpainting":
            # Its edge lies between two cells of the latents, so that no part of a cell is painted.
            painted = np.zeros((size[1], size[0]), dtype=np.uint8)
            painted[:, size[0] // 2 :] = 255
            images["mask_image"] = Image.fromarray(painted)
        if family.control:
            images["control_image"] = _draw(size, seed=9)
        return images

    def build_drawing(self, seeds: Sequence[int] = (7,), job: BatchJob | None = None, **changes: Any) -> Drawing:
        """The job, as a worker builds it."""
        return Drawing(self.build_request(**changes), seeds, self.build_images(), job or BatchJob(), self.task)


#: In the order of the families.
PLACES = tuple(Place(family.id, task) for family in EVERY_FAMILY.values() for task in family.tasks)


def _draw(size: tuple[int, int], *, seed: int) -> Image.Image:
    numbers = np.random.default_rng(seed).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    return Image.fromarray(numbers).resize(size)
