"""The pipeline class that serves a task, and a job's own pipeline object of that class."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import diffusers
from diffusers import DiffusionPipeline

from core.catalog import Task, find_drawing_signature
from core.catalog.schedulers import OWN
from worker.rendering.drawing import Drawing
from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.modules.list_schedulers import list_schedulers
from worker.rendering.pipelines.schedulers import build_scheduler


def build_pipeline(model: LoadedModel, drawing: Drawing) -> Any:
    """A new pipeline object of the class that draws the drawing, with the model's components and schedulers of its own: nothing
    is loaded, cast or moved, and the model's own pipeline stays as it was.

    Raises RequestRefused if the model cannot serve the task.
    """
    pipeline: Any = model.pipeline
    control = "control_image" in drawing.images
    target = _find_class(pipeline, drawing.task, control=control)
    if target is None:
        place = " with a control image" if control else ""
        raise RequestRefused(f"The model {model.id!r} cannot do {drawing.task}{place}.")
    schedulers = {
        name: build_scheduler(
            drawing.request["scheduler"] if name == "scheduler" else OWN, own, from_picture="image" in drawing.images
        )
        for name, own in list_schedulers(pipeline).items()
    }
    if target is type(pipeline) and not _has_pipelines_inside(pipeline):
        copied = copy.copy(pipeline)
        for name, scheduler in schedulers.items():
            setattr(copied, name, scheduler)
        return copied
    return _assemble(target, pipeline, schedulers)


def _has_pipelines_inside(pipeline: Any) -> bool:
    """Whether it draws in stages, each with a pipeline that holds the components itself: a copy would share those."""
    return any(isinstance(each, DiffusionPipeline) for each in vars(pipeline).values())


def _assemble(target: Any, pipeline: Any, schedulers: dict[str, Any]) -> Any:
    """A new object of the class, with the components of `pipeline` and these schedulers."""
    modules, options = _constructor_of(target)
    components = pipeline.components | schedulers
    assembled = target(
        **{name: component for name, component in components.items() if name in modules},
        **{name: value for name, value in pipeline.config.items() if name in options},
    )
    # The attributes that were set on the model's pipeline after loading: progress bars, offloading, a watermark.
    for name, value in vars(pipeline).items():
        if name == "watermark" or (name not in vars(assembled) and name not in pipeline.components):
            setattr(assembled, name, value)
    assembled.set_progress_bar_config(disable=True)
    return assembled


def _find_class(pipeline: DiffusionPipeline, task: Task, *, control: bool) -> Any | None:
    own: Any = type(pipeline)
    target = find_pipeline_class(own, task, control=control)
    if target is None or target is own:
        return target
    if _is_bound_to_own_class(pipeline):
        return None
    modules, _ = _constructor_of(target)
    required = modules - set(target._optional_components)  # noqa: SLF001
    return target if required <= set(pipeline.components) else None


@cache
def find_pipeline_class(own: type[DiffusionPipeline], task: Task, *, control: bool) -> Any | None:
    """The class that serves the task with the components of `own`; None if diffusers has none."""
    signature = find_drawing_signature(own.__name__, task, with_control_image=control)
    return None if signature is None else getattr(diffusers, signature.class_name)


def _is_bound_to_own_class(pipeline: DiffusionPipeline) -> bool:
    """A denoiser that takes more than latents (some inpainting models take mask and picture) works only in its own class."""
    unet, vae = pipeline.components.get("unet"), pipeline.components.get("vae")
    return unet is not None and vae is not None and unet.config.in_channels != vae.config.latent_channels


@cache
def _constructor_of(target: type[DiffusionPipeline]) -> tuple[set[str], set[str]]:
    """The names of the class's components, and of its other settings."""
    modules, options = target._get_signature_keys(target)  # noqa: SLF001
    return set(modules), set(options)
