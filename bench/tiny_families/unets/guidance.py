"""Stable Diffusion's own components, guided otherwise: by their attention, in windows, by further prompts."""

from __future__ import annotations

from diffusers import (
    CycleDiffusionPipeline,
    DiffusionPipeline,
    SemanticStableDiffusionPipeline,
    StableDiffusionPanoramaPipeline,
    StableDiffusionSAGPipeline,
)

from bench.tiny_families.family import Family
from bench.tiny_families.unets.components import stable_diffusion_components, without_image_encoder


def self_attention() -> DiffusionPipeline:
    """What the UNet attends to most is blurred, and the picture is pushed away from that."""
    return StableDiffusionSAGPipeline(**stable_diffusion_components(), requires_safety_checker=False)


def panorama() -> DiffusionPipeline:
    """A step goes over windows of the picture, and takes their mean where they overlap."""
    return StableDiffusionPanoramaPipeline(**stable_diffusion_components(), requires_safety_checker=False)


def semantic() -> DiffusionPipeline:
    """A row more for what is to be added or taken away."""
    components = without_image_encoder(stable_diffusion_components())
    return SemanticStableDiffusionPipeline(**components, requires_safety_checker=False)


def cycle() -> DiffusionPipeline:
    """The picture is drawn anew by its own prompt beside the new one, with the same noise."""
    components = without_image_encoder(stable_diffusion_components())
    return CycleDiffusionPipeline(**components, requires_safety_checker=False)


FAMILIES = (
    Family("self-attention-guidance", "StableDiffusionSAGPipeline", self_attention),
    Family(
        "panorama",
        "StableDiffusionPanoramaPipeline",
        panorama,
        # Two windows: each has 512 pixels, whatever the model.
        sizes=((576, 512),),
        # With several images the rows of the latents are not those of the prompts.
        most_images=1,
    ),
    Family(
        "semantic-guidance",
        "SemanticStableDiffusionPipeline",
        semantic,
        call={"editing_prompt": "a yellow background", "edit_warmup_steps": 1},
    ),
    Family(
        "cycle-diffusion",
        "CycleDiffusionPipeline",
        cycle,
        tasks=("image-to-image",),
        call={"source_prompt": "a small bowl"},
        # Its second row is the second prompt's, not the second image's.
        most_images=1,
    ),
)
