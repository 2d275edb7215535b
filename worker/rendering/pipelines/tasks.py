"""Which pipeline class serves which task, and a job's own pipeline object of that class."""

from __future__ import annotations

import copy
import inspect
from functools import cache
from typing import Any

import diffusers
from diffusers import DiffusionPipeline
from diffusers.pipelines.auto_pipeline import (
    AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
    AUTO_INPAINT_PIPELINES_MAPPING,
    AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
)

from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel

TEXT_TO_IMAGE, IMAGE_TO_IMAGE, INPAINTING = TASKS = ("text-to-image", "image-to-image", "inpainting")

_AUTO = {
    TEXT_TO_IMAGE: AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
    IMAGE_TO_IMAGE: AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
    INPAINTING: AUTO_INPAINT_PIPELINES_MAPPING,
}
#: Families that diffusers has more pipelines for than its auto pipelines know.
_BESIDE_AUTO: tuple[dict[str, str], ...] = (
    {
        TEXT_TO_IMAGE: "ChromaPipeline",
        IMAGE_TO_IMAGE: "ChromaImg2ImgPipeline",
        INPAINTING: "ChromaInpaintPipeline",
    },
    {
        TEXT_TO_IMAGE: "Flux2KleinPipeline",
        IMAGE_TO_IMAGE: "Flux2KleinPipeline",
        INPAINTING: "Flux2KleinInpaintPipeline",
    },
    {
        TEXT_TO_IMAGE: "FluxKontextPipeline",
        IMAGE_TO_IMAGE: "FluxKontextPipeline",
        INPAINTING: "FluxKontextInpaintPipeline",
    },
    {TEXT_TO_IMAGE: "SanaSprintPipeline", IMAGE_TO_IMAGE: "SanaSprintImg2ImgPipeline"},
)


def build_pipeline(model: LoadedModel, task: str, *, control: bool | None = None) -> Any:
    """A fresh pipeline object of the class that serves the task, sharing the model's components: nothing is loaded,
    copied, cast or moved, and the model's own pipeline stays as it was.

    `control` asks for (or against) the ControlNet's pipeline where the model has a ControlNet; left out, the
    model's own class decides. Raises RequestRefused where the model cannot serve the task.
    """
    pipeline = derive_pipeline(model.pipeline, task, control=control)
    if pipeline is None:
        raise RequestRefused(f"The model {model.id!r} cannot do {task}{' with a control image' if control else ''}.")
    return pipeline


def served_tasks(pipeline: DiffusionPipeline) -> tuple[str, ...]:
    """The tasks that the pipeline's components serve, through its own class or a related one."""
    return tuple(task for task in TASKS if _find_class(pipeline, task, control=None) is not None)


def derive_pipeline(pipeline: DiffusionPipeline, task: str, *, control: bool | None = None) -> Any | None:
    """As `build_pipeline`, of any pipeline; None where nothing serves the task."""
    target = _find_class(pipeline, task, control=control)
    if target is None:
        return None
    if target is type(pipeline):
        return copy.copy(pipeline)

    modules, options = _constructor_of(target)
    derived = target(
        **{name: component for name, component in pipeline.components.items() if name in modules},
        **{name: value for name, value in pipeline.config.items() if name in options},
    )
    # What was set on the model's pipeline after loading: progress bars, offloading, a watermark.
    for name, value in vars(pipeline).items():
        if name == "watermark" or (name not in vars(derived) and name not in pipeline.components):
            setattr(derived, name, value)
    return derived


def control_argument(pipeline: Any) -> str:
    """The argument of the pipeline's call that takes the control image; it is `image` where there is no other image."""
    return "control_image" if "control_image" in inspect.signature(type(pipeline).__call__).parameters else "image"


def _find_class(pipeline: DiffusionPipeline, task: str, *, control: bool | None) -> type[DiffusionPipeline] | None:
    own = type(pipeline)
    target = find_pipeline_class(own, task, control=control)
    if target is None or target is own:
        return target
    if _is_bound_to_own_class(pipeline):
        return None
    modules, _ = _constructor_of(target)
    required = modules - set(target._optional_components)  # noqa: SLF001
    return target if required <= set(pipeline.components) else None


@cache
def find_pipeline_class(own: type[DiffusionPipeline], task: str, *, control: bool | None) -> Any | None:
    """The class that serves the task with the components of `own`; None where diffusers has none."""
    if control is None or control == _has_control(own):
        return _siblings(own).get(task)
    plain = (_find_auto_name(own) or "").replace("-controlnet-union", "").replace("-controlnet", "")
    return _auto_classes(f"{plain}-controlnet" if control else plain).get(task)


def _siblings(own: type[DiffusionPipeline]) -> dict[str, Any]:
    """By task, the classes of the same family; of a class that no table has, only itself."""
    for family in _BESIDE_AUTO:
        if own.__name__ in family.values():
            return {task: getattr(diffusers, name) for task, name in family.items()}
    name = _find_auto_name(own)
    return {_task_by_signature(own): own} if name is None else _auto_classes(name)


def _find_auto_name(own: type[DiffusionPipeline]) -> str | None:
    """The family's name in diffusers' tables."""
    names = (name for classes in _AUTO.values() for name, pipeline in classes.items() if pipeline is own)
    return next(names, None)


def _auto_classes(name: str) -> dict[str, Any]:
    return {task: classes[name] for task, classes in _AUTO.items() if name in classes}


def _task_by_signature(own: type[DiffusionPipeline]) -> str:
    parameters = inspect.signature(own.__call__).parameters
    if "mask_image" in parameters:
        return INPAINTING
    return IMAGE_TO_IMAGE if "image" in parameters and not _has_control(own) else TEXT_TO_IMAGE


def _has_control(own: type[DiffusionPipeline]) -> bool:
    return "controlnet" in _constructor_of(own)[0]


def _is_bound_to_own_class(pipeline: DiffusionPipeline) -> bool:
    """A denoiser that takes more than latents (some inpainting models take mask and picture) serves its class alone."""
    unet, vae = pipeline.components.get("unet"), pipeline.components.get("vae")
    return unet is not None and vae is not None and unet.config.in_channels != vae.config.latent_channels


@cache
def _constructor_of(target: type[DiffusionPipeline]) -> tuple[set[str], set[str]]:
    """The names of the components that the class is made of, and of its other settings."""
    modules, options = target._get_signature_keys(target)  # noqa: SLF001
    return set(modules), set(options)
