"""A family: how its tiny pipeline is built, and what a job can request of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

from core.catalog import Task

#: Sides of the pictures that tests draw, in pixels.
SIDE = 64


@dataclass(frozen=True)
class Family:
    """One kind of model, as a pipeline with random weights that is small enough to be built in a test."""

    id: str
    #: The pipeline class that `assemble` returns.
    pipeline: str
    #: Builds the pipeline. Called with torch's generator seeded, so that the weights are the same every time.
    assemble: Callable[[], DiffusionPipeline]
    #: Builds the pipeline of its first stage, if `assemble` builds that of the last one: two folders.
    assemble_prior: Callable[[], DiffusionPipeline] | None = None
    #: The tasks that the pipeline serves.
    tasks: tuple[Task, ...] = ("text-to-image",)
    #: Whether a job needs a control image.
    control: bool = False
    #: The name of the guidance in the pipeline's `__call__`.
    guidance: str = "guidance_scale"
    #: The arguments of every test's call, unless the test changes them.
    call: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 4
    #: How many pictures the field `image` of a job holds.
    pictures: int = 1
    #: Width and height of its input pictures, if they are not those of the result; and of the pictures after the first.
    input_size: tuple[int, int] | None = None
    other_size: tuple[int, int] | None = None
    #: As many images as one job can draw.
    most_images: int = 4
    #: The pipelines' names for the request's image fields, if they do not have those; several for pictures with names of their own.
    arguments: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    #: The allowed difference of a job among others, as a part of the range, if the family amplifies rounding.
    bound: float = 1e-4
    #: What a call of diffusers alone needs besides: what Darkroom sets by itself.
    bare_call: Mapping[str, Any] = field(default_factory=dict)
    #: Builds FLUX.1 Redux, which reads the pictures for it.
    redux: Callable[[], DiffusionPipeline] | None = None
    #: Sizes as (width, height) that the family draws, the usual one first.
    sizes: tuple[tuple[int, int], ...] = ((SIDE, SIDE), (2 * SIDE, SIDE), (SIDE, 2 * SIDE))
    default_scheduler: str = "euler"
    #: Whether its mask is white where the picture is kept.
    keeps_white: bool = False
    #: What its maps show, if it returns maps in place of pictures: `depth` or `normals`.
    maps: str | None = None
    #: The scheduler by which it is compared with diffusers alone: its own, unless Darkroom corrects what that one draws.
    compared_scheduler: str = "own"

    def build(self, folder: Path) -> None:
        """Writes the pipeline to the folder in diffusers' layout, as safetensors; a prior's to a folder beside it."""
        _build(self.assemble, folder)
        if self.assemble_prior is not None:
            _build(self.assemble_prior, prior_folder(folder))

    def build_redux(self, folder: Path) -> None:
        """The same for `redux`."""
        if self.redux is not None:
            _build(self.redux, folder)


def prior_folder(folder: Path) -> Path:
    """The folder of the prior of the model in the folder."""
    return folder.with_name(f"{folder.name}-prior")


def _build(assemble: Callable[[], DiffusionPipeline], folder: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipeline = assemble()
    pipeline.save_pretrained(folder, safe_serialization=True)
