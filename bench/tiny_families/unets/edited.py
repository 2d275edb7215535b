"""A Stable Diffusion whose weights were edited by its own pipeline, and saved: it draws from them like any other."""

from __future__ import annotations

from diffusers import DiffusionPipeline, StableDiffusionModelEditingPipeline

from bench.tiny_families.family import Family
from bench.tiny_families.unets.components import stable_diffusion_components, without_image_encoder


def edited() -> DiffusionPipeline:
    components = without_image_encoder(stable_diffusion_components())
    return StableDiffusionModelEditingPipeline(**components, requires_safety_checker=False)


FAMILIES = (Family("edited-model", "StableDiffusionModelEditingPipeline", edited),)
