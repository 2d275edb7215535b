"""DeepFloyd IF: diffusion in pixels, without an autoencoder, in two stages that are models of their own."""

from __future__ import annotations

from typing import Any

from diffusers import DDPMScheduler, DiffusionPipeline, IFPipeline, IFSuperResolutionPipeline, UNet2DConditionModel

from bench.tiny_families import text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def first_stage() -> DiffusionPipeline:
    return IFPipeline(**_components(in_channels=3))


def super_resolution() -> DiffusionPipeline:
    """Four times as large; the small picture, with noise, stands beside the large one."""
    components = _components(in_channels=6, class_embed_type="timestep")
    return IFSuperResolutionPipeline(
        **components, image_noising_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    )


def _components(**unet: Any) -> dict[str, Any]:
    t5 = tokenizers.t5_tokenizer()
    return {
        "tokenizer": t5,
        "text_encoder": text_encoders.t5_text_encoder(t5),
        "unet": UNet2DConditionModel(
            sample_size=64,
            out_channels=6,
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
            block_out_channels=(16, 32),
            layers_per_block=1,
            cross_attention_dim=WIDTH,
            encoder_hid_dim=WIDTH,
            attention_head_dim=4,
            norm_num_groups=4,
            addition_embed_type="text",
            addition_embed_type_num_heads=2,
            cross_attention_norm="group_norm",
            resnet_time_scale_shift="scale_shift",
            act_fn="gelu",
            **unet,
        ),
        "scheduler": DDPMScheduler(
            beta_schedule="squaredcos_cap_v2",
            thresholding=True,
            dynamic_thresholding_ratio=0.95,
            sample_max_value=1.0,
            variance_type="learned_range",
        ),
        "safety_checker": None,
        "feature_extractor": None,
        "watermarker": None,
        "requires_safety_checker": False,
    }


FAMILIES = (
    Family("deepfloyd", "IFPipeline", first_stage, tasks=("text-to-image", "image-to-image", "inpainting")),
    Family(
        "deepfloyd-super-resolution",
        "IFSuperResolutionPipeline",
        super_resolution,
        tasks=("upscale",),
        sizes=((64, 64),),
        input_size=(16, 16),
    ),
    Family(
        "deepfloyd-super-resolution-of-a-picture",
        "IFSuperResolutionPipeline",
        super_resolution,
        tasks=("image-to-image", "inpainting"),
        pictures=2,
        other_size=(16, 16),
        arguments={"image": ("original_image", "image")},
        sizes=((64, 64),),
    ),
)
