"""unCLIP: a prior draws an embedding, a UNet a small picture from that, and two more UNets make it larger."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DiffusionPipeline,
    UnCLIPImageVariationPipeline,
    UnCLIPPipeline,
    UnCLIPScheduler,
    UNet2DConditionModel,
    UNet2DModel,
)
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel

from bench.tiny_families import image_encoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.staged.parts import prior_transformer, unclip_scheduler
from bench.tiny_families.text_encoders import WIDTH
from worker.rendering.models.moved_modules import has_pipeline_module

_SMALL, _LARGE = 16, 64


def unclip() -> DiffusionPipeline:
    return UnCLIPPipeline(
        **_components(), prior=prior_transformer(), prior_scheduler=unclip_scheduler(clip_sample_range=5.0)
    )


def unclip_variation() -> DiffusionPipeline:
    """The embedding is that of a picture."""
    return UnCLIPImageVariationPipeline(
        **_components(),
        feature_extractor=image_encoders.clip_image_processor(),
        image_encoder=image_encoders.clip_image_encoder(),
    )


def _components() -> dict[str, Any]:
    # As published folders name it.
    assert has_pipeline_module("unclip")
    tokenizer = tokenizers.clip_tokenizer()
    time_width = 64
    decoder = UNet2DConditionModel(
        sample_size=_SMALL,
        in_channels=3,
        # The picture, and its variance.
        out_channels=6,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        block_out_channels=(16, 32),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
        resnet_time_scale_shift="scale_shift",
        class_embed_type="identity",
    )
    projection = UnCLIPTextProjModel(clip_embeddings_dim=WIDTH, time_embed_dim=time_width, cross_attention_dim=WIDTH)
    learned = UnCLIPScheduler(variance_type="learned_range", prediction_type="epsilon")
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoders.clip_text_encoder_with_projection(tokenizer),
        "text_proj": projection,
        "decoder": decoder,
        "super_res_first": _enlarging(),
        "super_res_last": _enlarging(),
        "decoder_scheduler": learned,
        "super_res_scheduler": UnCLIPScheduler(variance_type="fixed_small_log", prediction_type="epsilon"),
    }


def _enlarging() -> UNet2DModel:
    """Takes the small picture beside its own."""
    return UNet2DModel(
        sample_size=_LARGE,
        in_channels=6,
        out_channels=3,
        down_block_types=("ResnetDownsampleBlock2D",) * 2,
        up_block_types=("ResnetUpsampleBlock2D",) * 2,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=4,
    )


_LATER_STAGES = {"decoder_num_inference_steps": 3, "super_res_num_inference_steps": 2, "num_inference_steps": None}
_OF_UNCLIP: dict[str, Any] = {
    "sizes": ((_LARGE, _LARGE),),
    "guidance": "decoder_guidance_scale",
    # The first step divides what is left of the noise by 5e-5, the share of the picture: the noise changed in its last bit moves
    # the same job, alone, by 8e-4 to 8e-3.
    "bound": 1e-2,
}

FAMILIES = (
    Family("karlo", "UnCLIPPipeline", unclip, call={"prior_num_inference_steps": 2, **_LATER_STAGES}, **_OF_UNCLIP),
    Family(
        "karlo-variation",
        "UnCLIPImageVariationPipeline",
        unclip_variation,
        tasks=("variation",),
        call={"prompt": None, "negative_prompt": None, **_LATER_STAGES},
        **_OF_UNCLIP,
    ),
)
