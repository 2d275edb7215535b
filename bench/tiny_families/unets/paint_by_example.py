"""Paint by Example: what is painted looks like a second picture, which stands in the place of a prompt."""

from __future__ import annotations

from diffusers import DiffusionPipeline, PaintByExamplePipeline
from diffusers.pipelines.deprecated.paint_by_example import PaintByExampleImageEncoder
from transformers import CLIPVisionConfig

from bench.tiny_families import image_encoders
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.unets.components import stable_diffusion_components
from worker.rendering.models.moved_modules import has_pipeline_module


def paint_by_example() -> DiffusionPipeline:
    """Its UNet takes the masked picture's latents and the mask beside its own."""
    # Its folder names this module, which diffusers has moved.
    assert has_pipeline_module("paint_by_example")
    # The mapper has a fifth as many blocks as the encoder has layers.
    config = CLIPVisionConfig(
        hidden_size=WIDTH,
        projection_dim=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=5,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    components = stable_diffusion_components(in_channels=9)
    return PaintByExamplePipeline(
        **{name: components[name] for name in ("vae", "unet", "scheduler", "safety_checker")},
        image_encoder=PaintByExampleImageEncoder(config, proj_size=WIDTH),
        feature_extractor=image_encoders.clip_image_processor(),
    )


FAMILIES = (
    Family(
        "paint-by-example",
        "PaintByExamplePipeline",
        paint_by_example,
        tasks=("inpainting",),
        call={"prompt": None, "negative_prompt": None},
        pictures=2,
        other_size=(80, 48),
        arguments={"image": ("image", "example_image")},
        # All images of a job have the first one's sample of the masked picture.
        most_images=1,
    ),
)
