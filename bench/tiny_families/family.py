"""A family: how its tiny pipeline is built, and what a job can request of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

#: Sides of the pictures that tests draw, in pixels.
SIDE = 64


@dataclass(frozen=True)
class Family:
    """One kind of model, as a pipeline with random weights that is small enough to be built in a test."""

    id: str
    #: Builds the pipeline. Called with torch's generator seeded, so that the weights are the same every time.
    assemble: Callable[[], DiffusionPipeline]
    #: The tasks that the pipeline serves.
    tasks: tuple[str, ...] = ("text-to-image",)
    #: Whether a job needs a control image.
    control: bool = False
    #: The name of the guidance in the pipeline's `__call__`.
    guidance: str = "guidance_scale"
    #: The arguments of every test's call, unless the test changes them.
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
