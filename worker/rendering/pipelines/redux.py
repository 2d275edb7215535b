"""Pipelines that read pictures and a prompt for another one, which draws: FLUX.1 Redux."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL.Image import Image

from core.catalog import find_drawing_signature
from worker.rendering.drawing import Drawing
from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.pipelines.arguments import build_arguments

#: What the prior has read, and the pipeline that draws is not given.
_READ = ("prompt", "prompt_2", "negative_prompt")


def build_prior(model: LoadedModel, drawing: Drawing) -> Any | None:
    """A new pipeline object that reads for the drawing, with the model's own text encoders; None if the pipeline that draws
    reads by itself. Raises RequestRefused if the model has none for the task.
    """
    control = "control_image" in drawing.images
    signature = find_drawing_signature(type(model.pipeline).__name__, drawing.task, with_control_image=control)
    if signature is None or signature.facts.then is None:
        return None
    if model.redux is None:
        raise RequestRefused(f"The model {model.id!r} cannot do {drawing.task}: it has no `redux`.")
    components = {name: each for name, each in model.redux.components.items() if each is not None}
    encoders = {name: model.pipeline.components[name] for name in model.redux.components if name not in components}
    prior = type(model.redux)(**components, **encoders)
    prior.set_progress_bar_config(disable=True)
    return prior


def build_arguments_by_prior(
    prior: Any, pipeline: Any, drawing: Drawing, images: Mapping[str, Image | Sequence[Image]]
) -> dict[str, Any]:
    """What the pipeline is called with, but for the generators and the kind of output: what the prior makes of pictures and
    prompt, once for all images of the job, stands in their place.
    """
    read = prior(**build_arguments(prior, replace(drawing, seeds=drawing.seeds[:1]), images))
    drawn = build_arguments(pipeline, drawing, {})
    return {name: value for name, value in drawn.items() if name not in _READ} | dict(read)
