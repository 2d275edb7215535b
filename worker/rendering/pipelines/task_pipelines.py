"""The pipeline class that serves a task, and a job's own pipeline object of that class."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from diffusers import DiffusionPipeline

from core.catalog import Task, find_drawing_signature, find_signature
from core.catalog.schedulers import OWN
from worker.rendering.drawing import Drawing
from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.models.pipeline_classes import get_pipeline_class
from worker.rendering.modules.list_denoisers import list_denoisers
from worker.rendering.modules.list_schedulers import list_schedulers
from worker.rendering.modules.list_stages import list_stages
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
    _fill_in_settings(pipeline, target)
    schedulers = {
        name: build_scheduler(
            drawing.request["scheduler"] if name == "scheduler" else OWN, own, from_picture="image" in drawing.images
        )
        for name, own in list_schedulers(pipeline).items()
    }
    own = schedulers | _choose_controlnets(model, drawing)
    # A copy would share the pipelines of its stages, and they hold the schedulers.
    if target is type(pipeline) and not list_stages(pipeline):
        copied = copy.copy(pipeline)
        for name, component in own.items():
            setattr(copied, name, component)
        return copied
    return _assemble(target, pipeline, own)


def _choose_controlnets(model: LoadedModel, drawing: Drawing) -> dict[str, Any]:
    """Those that the drawing names, of a model with several: one alone, or several as one module."""
    chosen = drawing.request.get("controlnets")
    if not chosen:
        return {}
    whole = model.pipeline.components["controlnet"]
    places = [model.entry.controlnet_names.index(name) for name in chosen]
    nets = [whole.nets[place] for place in places] if hasattr(whole, "nets") else [whole]
    return {"controlnet": type(whole)(nets) if len(nets) > 1 else nets[0]}


def _fill_in_settings(pipeline: Any, target: Any) -> None:
    """Give the denoisers the settings that the class reads of them, and that their own configuration lacks."""
    signature = find_signature(target.__name__)
    assumed = {} if signature is None else signature.facts.assumes
    denoisers: dict[str, Any] = dict(list_denoisers(pipeline)) if assumed else {}
    for denoiser in denoisers.values():
        missing = {name: value for name, value in assumed.items() if name not in denoiser.config}
        denoiser.register_to_config(**missing)


def _assemble(target: Any, pipeline: Any, own: dict[str, Any]) -> Any:
    """A new object of the class, with the components of `pipeline`, and its own in the place of some."""
    modules, options = _constructor_of(target)
    components = pipeline.components | own
    assembled = target(
        **{name: component for name, component in components.items() if name in modules},
        **{name: value for name, value in pipeline.config.items() if name in options},
    )
    # The attributes that were set on the model's pipeline after loading: progress bars, offloading, a watermark.
    for name, value in vars(pipeline).items():
        if name == "watermark" or (name not in vars(assembled) and name not in pipeline.components):
            setattr(assembled, name, value)
    for each in (assembled, *vars(assembled).values()):
        if isinstance(each, DiffusionPipeline):
            each.set_progress_bar_config(disable=True)
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
    return None if signature is None else get_pipeline_class(signature.facts.then or signature.class_name)


def _is_bound_to_own_class(pipeline: DiffusionPipeline) -> bool:
    """A denoiser that takes more than latents (some inpainting models take mask and picture) works only in its own class."""
    unet, vae = pipeline.components.get("unet"), pipeline.components.get("vae")
    return unet is not None and vae is not None and unet.config.in_channels != vae.config.latent_channels


@cache
def _constructor_of(target: type[DiffusionPipeline]) -> tuple[set[str], set[str]]:
    """The names of the class's components, and of its other settings."""
    modules, options = target._get_signature_keys(target)  # noqa: SLF001
    return set(modules), set(options)
