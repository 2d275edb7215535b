"""A parameter has a warning if, and only if, the picture is the same without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidRequest
from tests.rendering.parameters.walk import PLACES, PROMPT, Place, Walk, Walked

#: Of the latents' range: what rounding differs by when a batch has another shape.
_ROUNDING = 1e-5

#: Other values than the defaults. Among several, some have an effect in some contexts only.
OTHERS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("negative_prompt", "negative_prompt_2", "negative_prompt_3"), ("blurry, dark",)),
    **dict.fromkeys(("prompt_2", "prompt_3"), ("", "a green tree", PROMPT)),
    **dict.fromkeys(("guidance_scale", "true_cfg_scale"), (0.5, 1.0, 5.0)),
    **dict.fromkeys(("clean_caption", "use_resolution_binning", "cfg_normalization", "guess_mode"), (False, True)),
    "aesthetic_score": (3.0,),
    "cfg_truncation": (0.2, 0.9, 0.999),
    "clip_skip": (0, 1),
    "control_guidance_end": (0.5,),
    "control_guidance_start": (0.5,),
    "controlnet_conditioning_scale": (0.0, 0.3),
    "eta": (0.5, 1.0),
    "guidance_rescale": (0.7,),
    "mask_feather": (0, 32),
    "max_sequence_length": (2, 20, 30, 100, 400),
    "negative_aesthetic_score": (7.0,),
    "num_inference_steps": (3,),
    "original_inference_steps": (25, 100, 200),
    "padding_mask_crop": (4, 32),
    "skip_layer_guidance_scale": (5.0,),
    "skip_layer_guidance_start": (0.2,),
    "skip_layer_guidance_stop": (0.5,),
    "strength": (0.3, 0.75, 0.9, 1.0),
}

#: What the schedulers differ in.
_OF_SCHEDULERS = {"eta"}
_OF_CONTROL = {"control_guidance_start", "control_guidance_end", "guess_mode"}


def list_contexts(walk: Walk, place: Place) -> Iterator[tuple[dict[str, Any], set[str]]]:
    """Other parameters that decide whether one has an effect, and the parameters that are tried beside them."""
    parameters = walk.parameters(place)
    published = set(walk.published(place))
    yield {}, published
    scale = "true_cfg_scale" if "true_cfg_scale" in published else "guidance_scale"
    if scale in published:
        negative = {"negative_prompt": "blurry"} if "negative_prompt" in published else {}
        yield {scale: 3.0, **negative}, published
        yield {scale: float(place.family != "z-image"), **negative}, published
        if negative:
            yield {scale: 3.0}, published
    yield {"prompt": "A <b>RED</b> mug, see http://a.test/mug"}, published & {"clean_caption"}
    for scheduler in parameters.entry.schedulers:
        yield {"scheduler": scheduler}, published & _OF_SCHEDULERS
    if "controlnet_conditioning_scale" in published:
        yield {"controlnet_conditioning_scale": 0.0}, published & _OF_CONTROL
    if "strength" in published:
        yield {"num_inference_steps": 10, "strength": 0.1}, published & _OF_SCHEDULERS


def _cost(place: Place) -> pytest.MarkDecorator:
    """All places take ten minutes; two of them stand for the rest in between."""
    is_first = place in (Place("sd15", "text-to-image"), Place("flux-dev", "image-to-image"))
    return pytest.mark.slow if is_first else pytest.mark.thorough


@pytest.mark.parametrize("place", [pytest.param(place, marks=_cost(place)) for place in PLACES], ids=str)
def test_a_warning_says_that_the_picture_is_the_same(walk: Walk, place: Place) -> None:
    """For each published parameter, beside other guidance, negative prompts, schedulers: same picture, and a warning; or
    another picture, and none.
    """
    published = walk.published(place)
    defaults = walk.parameters(place).defaults
    wrong = []
    for context, names in list_contexts(walk, place):
        if not names:
            continue
        usual = walk.draw(place, walk.resolve(place, **context))
        for name in sorted(names - context.keys()):
            for value in OTHERS[name]:
                if value == defaults.get(name, published[name].default):
                    continue
                try:
                    resolved = walk.resolve(place, **context, **{name: value})
                except InvalidRequest:
                    continue
                drawn = walk.draw(place, resolved)
                is_warned = any(warning.startswith(f"{name} has no effect") for warning in drawn.warnings)
                if is_warned != are_same(drawn, usual):
                    wrong.append((context, {name: value}, drawn.warnings))

    assert wrong == []


def are_same(drawn: Walked, usual: Walked) -> bool:
    """Whether the two differ by nothing but rounding."""
    if drawn.latents.shape != usual.latents.shape:
        return False
    apart = float((drawn.latents - usual.latents).abs().max())
    levels = np.abs(drawn.picture.astype(int) - usual.picture.astype(int)).max()
    return apart <= _ROUNDING * float(usual.latents.abs().max()) and levels <= 1


@pytest.mark.parametrize(
    ("place", "fields", "name"),
    [
        (Place("sdxl", "image-to-image"), {"guidance_rescale": 0.7, "guidance_scale": 1.0}, "guidance_rescale"),
        (Place("z-image", "text-to-image"), {"max_sequence_length": 200}, "max_sequence_length"),
        (Place("flux-schnell", "text-to-image"), {"guidance_scale": 7.0}, "guidance_scale"),
    ],
    ids=str,
)
def test_an_idle_parameter_changes_nothing(walk: Walk, place: Place, fields: dict[str, Any], name: str) -> None:
    """A few of the slow test's comparisons."""
    usual = walk.draw(place, walk.resolve(place, **{key: value for key, value in fields.items() if key != name}))
    drawn = walk.draw(place, walk.resolve(place, **fields))

    assert are_same(drawn, usual)
    assert any(warning.startswith(f"{name} has no effect") for warning in drawn.warnings)
