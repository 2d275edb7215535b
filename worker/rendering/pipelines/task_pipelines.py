"""The pipeline class that serves a task, and a job's own pipeline object of that class."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

import diffusers
from diffusers import DiffusionPipeline

from core.catalog import Task, find_signature, list_pipeline_classes
from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel


def build_pipeline(model: LoadedModel, task: Task, *, control: bool = False) -> Any:
    """A new pipeline object of the class that serves the task, with the model's components: nothing is loaded, copied, cast or
    moved, and the model's own pipeline stays as it was.

    With `control`, the class is one that takes a control image. Raises RequestRefused if the model cannot serve the task.
    """
    pipeline: Any = model.pipeline
    target = _find_class(pipeline, task, control=control)
    if target is None:
        raise RequestRefused(f"The model {model.id!r} cannot do {task}{' with a control image' if control else ''}.")
    if target is type(pipeline):
        return copy.copy(pipeline)

    modules, options = _constructor_of(target)
    derived = target(
        **{name: component for name, component in pipeline.components.items() if name in modules},
        **{name: value for name, value in pipeline.config.items() if name in options},
    )
    # The attributes that were set on the model's pipeline after loading: progress bars, offloading, a watermark.
    for name, value in vars(pipeline).items():
        if name == "watermark" or (name not in vars(derived) and name not in pipeline.components):
            setattr(derived, name, value)
    return derived


def control_argument(pipeline: Any) -> str:
    """The name of the argument that takes the control image: `image` in pipelines that have no other image."""
    return "control_image" if "control_image" in inspect.signature(type(pipeline).__call__).parameters else "image"


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
    name = _classes_by_task(own, control=control).get(task)
    return None if name is None else getattr(diffusers, name)


def _classes_by_task(own: Any, *, control: bool) -> Mapping[str, str]:
    signature = find_signature(own.__name__)
    if signature is None:
        return {}
    if control == _has_control(own):
        return signature.tasks
    if control:
        return signature.controlled
    others = (other for name in list_pipeline_classes() if (other := find_signature(name)) is not None)
    return next((other.tasks for other in others if own.__name__ in other.controlled.values()), {})


def _has_control(own: Any) -> bool:
    return "controlnet" in _constructor_of(own)[0]


def _is_bound_to_own_class(pipeline: DiffusionPipeline) -> bool:
    """A denoiser that takes more than latents (some inpainting models take mask and picture) works only in its own class."""
    unet, vae = pipeline.components.get("unet"), pipeline.components.get("vae")
    return unet is not None and vae is not None and unet.config.in_channels != vae.config.latent_channels


@cache
def _constructor_of(target: type[DiffusionPipeline]) -> tuple[set[str], set[str]]:
    """The names of the class's components, and of its other settings."""
    modules, options = target._get_signature_keys(target)  # noqa: SLF001
    return set(modules), set(options)
