"""The API's table of diffusers' pipelines is that of the installed diffusers."""

from __future__ import annotations

import diffusers

from core.catalog import load_catalog
from core.catalog.signatures import SIGNATURES_PATH, find_signature, list_pipeline_classes
from tests.guards.compose_file import REPOSITORY
from worker.rendering.models.pipeline_classes import get_pipeline_class
from worker.rendering.pipelines.write_signatures import render_signatures


def test_the_signatures_are_those_of_the_installed_diffusers() -> None:
    """`python -m worker.rendering.pipelines.write_signatures` was run after the last upgrade of diffusers."""
    assert SIGNATURES_PATH.read_text() == render_signatures()


def test_every_class_exists() -> None:
    """A class that a catalog may name is one of diffusers, and takes steps."""
    for class_name in list_pipeline_classes():
        signature = find_signature(class_name)
        assert signature
        assert get_pipeline_class(class_name).__name__ == class_name
        assert signature.facts.ours != hasattr(diffusers, class_name)
        assert set(signature.facts.steps) <= set(signature.parameters), class_name


def test_the_engines_own_parameters_are_nobodys() -> None:
    """No request reaches what the engine sets itself."""
    for class_name in list_pipeline_classes():
        signature = find_signature(class_name)
        assert signature
        assert not {
            *("generator", "latents", "output_type", "return_dict", "callback_on_step_end", "prompt_embeds"),
            *("num_images_per_prompt", "timesteps", "sigmas", "ip_adapter_image_embeds", "cross_attention_kwargs"),
        } & set(signature.parameters)


def test_the_shipped_models_have_what_they_are_known_for() -> None:
    """A few facts that the whole stands on: what FLUX calls guidance, who takes a negative prompt, and so on."""
    catalog = load_catalog(REPOSITORY / "models.toml")
    for model_id, present, absent in (
        ("sd15", {"negative_prompt", "guidance_rescale", "clip_skip"}, {"prompt_2", "true_cfg_scale"}),
        ("sdxl", {"negative_prompt_2", "prompt_2"}, {"prompt_3"}),
        ("sd3.5-large", {"prompt_3", "max_sequence_length"}, {"eta"}),
        ("flux.1-dev", {"guidance_scale", "true_cfg_scale"}, {"clip_skip"}),
        ("flux.2-klein", {"max_sequence_length"}, {"negative_prompt", "true_cfg_scale"}),
        ("qwen-image", {"true_cfg_scale", "negative_prompt"}, {"clip_skip"}),
        ("z-image-turbo", {"cfg_normalization"}, {"true_cfg_scale"}),
    ):
        signature = find_signature(catalog.pipeline_class(model_id) or "")
        assert signature
        assert present <= set(signature.parameters), model_id
        assert not absent & set(signature.parameters), model_id
