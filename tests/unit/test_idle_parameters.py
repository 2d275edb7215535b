"""Warnings for parameters without effect, as far as the request and the model's folder show it.

`tests/rendering/parameters` compares the same rules with pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_model_configuration import load_model, resolve

SD, XL, SD3, FLUX = "StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline", "FluxPipeline"
DDIM = {"scheduler": {"_class_name": "DDIMScheduler", "set_alpha_to_one": False}}
EULER = {"scheduler": {"_class_name": "EulerDiscreteScheduler"}}
PICTURE = {"image": "art_1"}


@pytest.mark.parametrize(
    ("class_name", "folder", "fields", "idle"),
    [
        (SD, EULER, {"eta": 0.5}, ["eta"]),
        (SD, DDIM, {"eta": 0.5}, []),
        (SD, EULER, {"eta": 0.0}, []),
        (SD, {}, {"eta": 0.5}, []),
        (SD, {"scheduler": {"_class_name": "DDIMScheduler"}}, {"eta": 0.5, "steps": 1}, ["eta"]),
        (SD, DDIM, {"eta": 0.5, "steps": 1}, []),
        (SD, {}, {"guidance_rescale": 0.7}, []),
        (SD, {}, {"guidance_rescale": 0.7, "guidance_scale": 1.0}, ["guidance_rescale"]),
        (SD, {}, {"guidance_rescale": 0.7, "guidance_scale": 0.0}, ["guidance_rescale"]),
        (SD, {}, {"guidance_rescale": 0.0, "guidance_scale": 0.0}, []),
        (
            SD,
            {},
            {"guidance_rescale": 0.7, "negative_prompt": "x", "guidance_scale": 1.0},
            ["negative_prompt", "guidance_rescale"],
        ),
        (SD, {"unet": {"time_cond_proj_dim": 256}}, {"negative_prompt": "x"}, ["negative_prompt"]),
        (SD, {}, {"clip_skip": 0}, ["clip_skip"]),
        (SD, {}, {"clip_skip": 1}, []),
        (SD, {}, {**PICTURE, "steps": 10, "strength": 0.85}, ["strength"]),
        (SD, {}, {**PICTURE, "steps": 10, "strength": 0.8}, []),
        (SD, {}, {**PICTURE, "steps": 10, "strength": 0.9}, []),
        (XL, {}, {"prompt_2": "a bowl"}, []),
        (XL, {}, {"prompt_2": ""}, ["prompt_2"]),
        (XL, {}, {"prompt_2": "a mug"}, ["prompt_2"]),
        (XL, {"": {"text_encoder_2": [None, None]}}, {"prompt_2": "a bowl"}, ["prompt_2"]),
        (XL, {}, {"negative_prompt_2": "x"}, ["negative_prompt_2"]),
        (XL, {"": {"force_zeros_for_empty_prompt": False}}, {"negative_prompt_2": "x"}, []),
        (XL, {}, {"negative_prompt": "y", "negative_prompt_2": "x"}, []),
        (XL, {}, {**PICTURE, "strength": 1.0, "aesthetic_score": 3.0}, ["aesthetic_score"]),
        (XL, {"": {"requires_aesthetics_score": True}}, {**PICTURE, "strength": 1.0, "aesthetic_score": 3.0}, []),
        (SD3, {"": {"text_encoder_3": [None, None]}}, {"prompt_3": "a bowl"}, ["prompt_3"]),
        (SD3, {"": {"text_encoder_3": ["transformers", "T5EncoderModel"]}}, {"prompt_3": "a bowl"}, []),
        (SD3, {}, {"skip_layer_guidance_scale": 3.0}, ["skip_layer_guidance_scale"]),
        (FLUX, {"transformer": {"guidance_embeds": False}}, {"guidance_scale": 2.0}, ["guidance_scale"]),
        (FLUX, {"transformer": {"guidance_embeds": True}}, {"guidance_scale": 2.0}, []),
        (FLUX, {}, {"negative_prompt": "x"}, ["negative_prompt"]),
        (FLUX, {}, {"negative_prompt": "x", "true_cfg_scale": 2.0}, []),
        (FLUX, {}, {"true_cfg_scale": 2.0}, ["true_cfg_scale"]),
        (FLUX, {}, {"true_cfg_scale": 0.5, "negative_prompt": "x"}, ["true_cfg_scale", "negative_prompt"]),
        (FLUX, {}, {"negative_prompt_2": "x", "true_cfg_scale": 2.0}, ["true_cfg_scale", "negative_prompt_2"]),
        ("Flux2KleinPipeline", {"": {"is_distilled": True}}, {"guidance_scale": 2.0}, ["guidance_scale"]),
        ("Flux2KleinPipeline", {"": {"is_distilled": False}}, {"guidance_scale": 2.0}, []),
        ("ZImagePipeline", {}, {"guidance_scale": 0.0, "cfg_truncation": 0.5}, ["cfg_truncation"]),
    ],
)
def test_what_has_no_effect_is_named(
    tmp_path: Path, class_name: str, folder: dict[str, Any], fields: dict[str, Any], idle: list[str]
) -> None:
    """Each parameter that was given, differs from its default and changes nothing has a warning; no other has one."""
    components = {name: each for name, each in folder.items() if name}
    catalog = load_model(tmp_path, class_name, folder.get(""), **components)

    warnings = resolve(catalog, **fields).warnings

    assert sorted(warning.split(" has no effect ")[0] for warning in warnings) == sorted(idle)
