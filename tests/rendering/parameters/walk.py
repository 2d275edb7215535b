"""Walk the parameters of the tiny families as a client sends them: through the request, the model's rules and its pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.models_file import write_section
from bench.tiny_families import FAMILIES
from core.catalog import Catalog, Parameter, Task, load_catalog
from core.catalog.schedulers import list_schedulers
from core.jobs.request.parameters import ModelParameters, find_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel, Models
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

SIDE = 64
STEPS = 4
PROMPT = "a large red mug and a small blue bowl"

#: What the renderer or the request handles itself, or what has tests of its own.
NOT_WALKED = {"prompt", "width", "height", "image", "mask_image", "control_image"}


@dataclass(frozen=True)
class Place:
    """A family and one of its tasks."""

    family: str
    task: Task

    def __str__(self) -> str:
        return f"{self.family}-{self.task}"


@dataclass(frozen=True)
class Walked:
    """What came of a request."""

    picture: NDArray[np.uint8]
    #: After the last step.
    latents: torch.Tensor
    #: All warnings of the job.
    warnings: list[str]
    #: The steps that were taken, as the scheduler counts them.
    steps: int


PLACES = [Place(family.id, task) for family in FAMILIES.values() for task in family.tasks]


class Walk:
    """The tiny families as models of a catalog with all their tasks and schedulers."""

    def __init__(self, folder: Path) -> None:
        sections = []
        for family in FAMILIES.values():
            family.build(folder / family.id)
        # A model's own folder says which schedulers go with it.
        (folder / "models.toml").write_text("".join(write_section(name, name) for name in FAMILIES))
        draft = load_catalog(folder / "models.toml")
        for family in FAMILIES.values():
            own = dict(draft.configuration(family.id).components["scheduler"])
            names = list_schedulers(own, draft.pipeline_class(family.id) or "")
            sections.append(
                write_section(
                    family.id,
                    family.id,
                    tasks=list(family.tasks),
                    schedulers=list(names),
                    default_scheduler=family.default_scheduler if family.default_scheduler in names else names[0],
                    default_steps=STEPS,
                    max_steps=1000,
                    **({"default_guidance_scale": 0.0} if family.call.get("guidance_scale") == 0 else {}),
                )
            )
        (folder / "models.toml").write_text("".join(sections))
        self.catalog: Catalog = load_catalog(folder / "models.toml")
        self._models = Models(self.catalog, device="cpu", budget_bytes=2**31, forwards=1)

    def close(self) -> None:
        self._models.close()

    def load(self, place: Place) -> LoadedModel:
        """The family's model."""
        return self._models.load(place.family)

    def parameters(self, place: Place) -> ModelParameters:
        """What the model takes for the task."""
        controlled = FAMILIES[place.family].control
        found = find_parameters(self.catalog, place.family, place.task, controlled=controlled)
        assert found is not None
        return found

    def published(self, place: Place) -> dict[str, Parameter]:
        """The parameters that the walk covers."""
        return {name: each for name, each in self.parameters(place).offered.items() if name not in NOT_WALKED}

    def resolve(self, place: Place, **fields: Any) -> ResolvedRequest:
        """The request with its defaults. Raises InvalidRequest, or ValidationError if it is not even a request."""
        images = dict.fromkeys(build_images(place), "art_1")
        request = RenderRequest(**{"prompt": PROMPT, "seed": 7, "width": SIDE, "height": SIDE, **images, **fields})
        return resolve_request(request, catalog=self.catalog, default_model=place.family)

    def draw(self, place: Place, resolved: ResolvedRequest) -> Walked:
        """The job's render."""
        ends: list[StepEnd] = []
        drawing = Drawing(resolved.parameters, [resolved.seed], build_images(place), task=place.task)
        rendered = render_images(self.load(place), drawing, on_step=ends.append)
        warnings = [*resolved.warnings, *rendered.prompts.warn(resolved.parameters), *rendered.warnings]
        return Walked(np.asarray(rendered.images[0]), ends[-1].latents.clone(), warnings, ends[-1].steps)


def build_images(place: Place) -> dict[str, Image.Image]:
    """The pictures that the task needs."""
    images = {}
    if place.task != "text-to-image":
        images["image"] = _draw_noise(1)
    if place.task == "inpainting":
        mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
        mask[:, SIDE // 2 :] = 255
        images["mask_image"] = Image.fromarray(mask)
    if FAMILIES[place.family].control:
        images["control_image"] = _draw_noise(2)
    return images


def _draw_noise(seed: int) -> Image.Image:
    numbers = np.random.default_rng(seed).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    return Image.fromarray(numbers).resize((SIDE, SIDE))
