"""diffusers alone: the same job, drawn as somebody draws it who has nothing but diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from bench.families.keep_steps import keep_steps
from bench.families.load_bare import load_bare, read_by_prior
from bench.families.places import Place
from bench.families.render import Drawn
from core.catalog.families import Input

#: What the call names in its own way.
_GIVEN_APART = {"image", "mask_image", "class_labels"}


def draw_bare(folder: Path, place: Place, seeds: Sequence[int], **changes: Any) -> Drawn:
    """The job's pictures, by the class of its task on the model in the folder."""
    pipeline = load_bare(folder, place)
    accepted = inspect.signature(pipeline.__call__).parameters
    request = place.build_request(**changes)
    images = place.build_images()
    read = {}
    if place.signature.facts.then is not None:
        del request["negative_prompt"]
        read = read_by_prior(folder, place, pipeline, prompt=request.pop("prompt"), **images)
    named = {**_name_images(place, {} if read else images, accepted), **_name_count(accepted, len(seeds))}
    steps: list[torch.Tensor] = []
    named |= keep_steps(pipeline, steps, in_parts=place.signature.facts.steps_in_parts)

    # One that draws one image takes one source of random numbers.
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    # For what the pipeline does not draw from the generators that it is given.
    torch.manual_seed(0)
    output = pipeline(
        **_name_values(place, request, accepted),
        **_name_class(request, accepted, len(seeds)),
        **place.family.bare_call,
        **named,
        **read,
        generator=generators[0] if place.family.most_images == 1 else generators,
        output_type="np" if place.family.maps else "pil",
    )
    drawn = _list_pictures(pipeline, place, output)
    if "mask_image" in images:
        drawn = [_keep_unpainted(picture, images) for picture in drawn]
    return Drawn([np.asarray(picture.convert("RGB")) for picture in drawn], steps[-1], len(steps))


def _name_values(place: Place, request: Mapping[str, Any], accepted: Container[str]) -> dict[str, Any]:
    own_name = place.family.arguments.get("prompt")
    named = request if own_name is None else {**request, str(own_name): request["prompt"]}
    return {name: value for name, value in named.items() if name in accepted and name not in _GIVEN_APART}


def _name_count(accepted: Container[str], count: int) -> dict[str, Any]:
    return {name: count for name in ("num_images_per_prompt", "batch_size") if name in accepted}


def _name_images(place: Place, images: Mapping[str, Any], accepted: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for field, pictures in images.items():
        name = place.family.arguments.get(field, field)
        if isinstance(name, tuple):
            named |= zip(name, pictures, strict=True)
        else:
            named[field if field in accepted else name] = pictures
    if place.signature.facts.inputs.get("image", Input()).in_pairs:
        example, result, picture = images["image"]
        named["image"] = [[example, result], [picture, None]]
    if place.family.keeps_white:
        named["mask_image"] = ImageOps.invert(named["mask_image"])
    return named


def _name_class(request: Mapping[str, Any], accepted: Container[str], images: int) -> dict[str, Any]:
    """The class that is drawn, once for each image."""
    return {"class_labels": [request["class_labels"]] * images} if "class_labels" in accepted else {}


def _list_pictures(pipeline: Any, place: Place, output: Any) -> list[Image.Image]:
    if place.family.maps:
        return _draw_maps(pipeline, place, output)
    drawn = output["images" if "images" in output else "image"]
    return [picture for each in drawn for picture in (each if isinstance(each, list) else [each])]


def _draw_maps(pipeline: Any, place: Place, output: Any) -> list[Image.Image]:
    """In white (near) to black, or in colours."""
    processor = pipeline.image_processor
    if place.family.maps == "depth":
        return list(processor.visualize_depth(output.prediction, color_map="binary"))
    return list(processor.visualize_normals(output.prediction))


def _keep_unpainted(picture: Image.Image, images: dict[str, Any]) -> Image.Image:
    """What the documents promise of inpainting: where the mask is black, the input's own pixels."""
    kept = images["image"] if isinstance(images["image"], Image.Image) else images["image"][0]
    return Image.composite(picture.resize(kept.size), kept, images["mask_image"])
