"""What a family is: how its tiny pipeline is built, and what a job may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

#: Sides of the pictures that tests ask for, in pixels.
SIDE = 64


@dataclass(frozen=True)
class Family:
    """One kind of model, as a pipeline of random weights that is small enough to be built in a test."""

    id: str
    #: Makes the pipeline. Called with torch's generator seeded, so that the weights are the same every time.
    assemble: Callable[[], DiffusionPipeline]
    #: What the pipeline can draw from: the tasks that requests name.
    tasks: tuple[str, ...] = ("text-to-image",)
    #: Whether a job has to bring a control image.
    control: bool = False
    #: Name of the guidance in the pipeline's `__call__`.
    guidance: str = "guidance_scale"
    #: What every test's call takes, unless it says otherwise.
    call: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 4
    #: Sizes as (width, height) that the family draws, the usual one first.
    sizes: tuple[tuple[int, int], ...] = ((SIDE, SIDE), (2 * SIDE, SIDE), (SIDE, 2 * SIDE))
    default_scheduler: str = "euler"

    def build(self, folder: Path) -> None:
        """Writes the pipeline to the folder in diffusers' layout, as safetensors."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            pipeline = self.assemble()
        pipeline.save_pretrained(folder, safe_serialization=True)
