"""The arguments of a job's pipeline call: the request's parameters and pictures by the pipeline's own names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import ImageOps
from PIL.Image import Image

from core.catalog import ClassFacts, Parameter, PipelineSignature, find_signature
from worker.rendering.drawing import Drawing
from worker.rendering.errors import RequestRefused
from worker.rendering.pipelines.class_labels import choose_classes
from worker.rendering.pipelines.ip_adapter import name_ip_adapter_images
from worker.rendering.pipelines.strength import settle_strength

#: The parameters of a request that are not passed to the pipeline: the renderer handles each of them itself.
_NOT_THE_PIPELINES = frozenset(
    {
        *("num_images", "scheduler", "output_format", "output_quality", "loras", "deterministic", "seed"),
        *("image", "mask_image", "control_image", "ip_adapter_image", "padding_mask_crop", "mask_feather"),
        "mask_mode",
    }
)

#: The number of steps for which a pipeline has a moment in between.
_STEPS_WITH_INTERMEDIATE = 2
#: Given once for each image to a pipeline that does not take their number.
_FOR_EACH_IMAGE = {"prompt", "negative_prompt", "image"}


def build_arguments(pipeline: Any, drawing: Drawing, images: Mapping[str, Image | Sequence[Image]]) -> dict[str, Any]:
    """What the pipeline is called with, but for the generators and the kind of output.

    `images` are the pictures that it gets, by the fields of the request.
    """
    accepted = inspect.signature(pipeline.__call__).parameters
    signature = _get_signature(pipeline)
    arguments = {
        **_list_parameters(pipeline, signature, accepted, drawing.request),
        **signature.facts.fixed,
        **_name_images(signature, images, count=len(drawing.seeds)),
        **name_ip_adapter_images(pipeline, drawing),
    }
    if "class_labels" in accepted:
        arguments["class_labels"] = choose_classes(pipeline, arguments.get("class_labels"), drawing.seeds)
    if "batch_size" in accepted:
        arguments["batch_size"] = len(drawing.seeds)
    if hasattr(getattr(pipeline, "controlnet", None), "nets"):
        arguments |= _give_each_controlnet_its_own(pipeline.controlnet.nets, signature, drawing, images)
    if "num_images_per_prompt" in accepted:
        arguments["num_images_per_prompt"] = len(drawing.seeds)
    elif len(drawing.seeds) > 1:
        arguments |= {
            name: [value] * len(drawing.seeds) for name, value in arguments.items() if name in _FOR_EACH_IMAGE
        }
    if "intermediate_timesteps" in accepted and drawing.request["num_inference_steps"] != _STEPS_WITH_INTERMEDIATE:
        # Sana-Sprint's default is a moment between two steps, and it refuses any other number of them.
        arguments["intermediate_timesteps"] = None
    if "guidance_schedule" in accepted and drawing.request.get("guidance_scale") is not None:
        # Such a pipeline takes one of them, and by default the schedule.
        arguments["guidance_schedule"] = None
    if "max_area" in accepted:
        # Such a pipeline scales the size that it is given to this area, a megapixel if nobody says so.
        arguments["max_area"] = drawing.request["width"] * drawing.request["height"]
    if "upsampling_width" in accepted:
        # Such a pipeline enlarges what it has drawn.
        arguments |= {"upsampling_width": drawing.request["width"], "upsampling_height": drawing.request["height"]}
    return arguments


def read_facts(pipeline: Any) -> ClassFacts:
    """What the table of families says of the pipeline's class."""
    return _get_signature(pipeline).facts


def _get_signature(pipeline: Any) -> PipelineSignature:
    signature = find_signature(type(pipeline).__name__)
    if signature is None:
        raise LookupError(f"{type(pipeline).__name__} is no pipeline class that Darkroom knows")
    return signature


def _list_parameters(
    pipeline: Any, signature: PipelineSignature, accepted: Mapping[str, inspect.Parameter], request: Mapping[str, Any]
) -> dict[str, Any]:
    """The request's parameters that this pipeline accepts. An empty negative prompt is what the pipeline takes for none."""
    given = {name: value for name, value in request.items() if name in accepted and name not in _NOT_THE_PIPELINES}
    if (argument := signature.facts.prompt_argument) is not None:
        given[argument] = request["prompt"]
    if not given.get("negative_prompt", True):
        given["negative_prompt"] = accepted["negative_prompt"].default
    if "strength" in given:
        given["strength"] = settle_strength(type(pipeline), request["num_inference_steps"], given["strength"])
    return given


def _name_images(
    signature: PipelineSignature, images: Mapping[str, Image | Sequence[Image]], *, count: int
) -> dict[str, Any]:
    named = {}
    for field, pictures in images.items():
        if field == "ip_adapter_image":
            continue
        parameter = signature.parameters[field]
        own = signature.facts.find_input(field)
        given = _invert(pictures) if own is not None and own.keeps_white else pictures
        is_repeated = count > 1 and _is_for_each_image(signature, field)
        for argument, each in _assign(parameter, given):
            assigned = _in_pairs(each) if own is not None and own.in_pairs else each
            named[argument] = [assigned] * count if is_repeated else assigned
    return named


def _give_each_controlnet_its_own(
    nets: Sequence[Any], signature: PipelineSignature, drawing: Drawing, images: Mapping[str, Image | Sequence[Image]]
) -> dict[str, Any]:
    """The control images of several ControlNets, and their numbers: some classes take no single number for all."""
    pictures = images["control_image"]
    given = {
        signature.parameters["control_image"].argument: list(pictures) if isinstance(pictures, Sequence) else [pictures]
    }
    for name in ("controlnet_conditioning_scale", "control_mode"):
        if name in signature.parameters:
            value = drawing.request.get(name, signature.parameters[name].default)
            given[name] = list(value) if isinstance(value, list) else [value] * len(nets)
    return given


def _is_for_each_image(signature: PipelineSignature, field: str) -> bool:
    """Whether the pipeline has to be given the picture once for each image of the job.

    A pipeline that is given a picture to which it adds noise once encodes it with the first image's generator and repeats
    the result. The other images would then start from other latents than when each is drawn alone, or (SD3) the pipeline
    fails.
    """
    own = signature.facts.find_input(field)
    if own is not None and own.for_each_image:
        return True
    return field == "image" and "strength" in signature.parameters and not signature.facts.repeats_picture


def _invert(mask: Image | Sequence[Image]) -> Image | Sequence[Image]:
    return ImageOps.invert(mask) if isinstance(mask, Image) else [ImageOps.invert(each) for each in mask]


def _in_pairs(pictures: Sequence[Image]) -> list[list[Image | None]]:
    """Rows of two, the last with a gap. Raises RequestRefused if there is no gap."""
    if len(pictures) % 2 == 0:
        raise RequestRefused(
            f"image: has {len(pictures)} pictures, and the model takes pairs, each a picture and what is made of it, and at "
            "last the one to be drawn after: an odd number"
        )
    cells = [*pictures, None]
    return [cells[first : first + 2] for first in range(0, len(cells), 2)]


def _assign(parameter: Parameter, pictures: Image | Sequence[Image]) -> Iterator[tuple[str, Any]]:
    """One picture, or a list for a pipeline that takes several, or each of several by a name of its own."""
    listed = [pictures] if isinstance(pictures, Image) else list(pictures)
    if parameter.arguments:
        yield from zip(parameter.arguments, listed, strict=True)
    else:
        yield parameter.argument, listed if parameter.most > 1 else listed[0]
