"""Pipelines that draw in stages: Kandinsky 2.1 and 2.2 and Stable Cascade draw an embedding first, and a picture from that."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DDPMWuerstchenScheduler,
    DiffusionPipeline,
    KandinskyCombinedPipeline,
    KandinskyV22CombinedPipeline,
    PriorTransformer,
    StableCascadeCombinedPipeline,
    StableCascadeUNet,
    UnCLIPScheduler,
    UNet2DConditionModel,
    VQModel,
)
from diffusers.pipelines.deprecated.wuerstchen.modeling_paella_vq_model import PaellaVQModel
from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP

from bench.tiny_families import image_encoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def kandinsky_2_2() -> DiffusionPipeline:
    return KandinskyV22CombinedPipeline(
        unet=_unet(encoder_hid_dim_type="image_proj", addition_embed_type="image"),
        scheduler=_ddim(),
        movq=_movq(),
        **_prior(),
    )


def kandinsky_2_1() -> DiffusionPipeline:
    """Its second stage reads the prompt, too."""
    tokenizer = tokenizers.xlm_roberta_tokenizer()
    config = MCLIPConfig(
        transformerDimSize=WIDTH,
        imageDimSize=WIDTH,
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=96,
    )
    return KandinskyCombinedPipeline(
        text_encoder=MultilingualCLIP(config).eval(),
        tokenizer=tokenizer,
        unet=_unet(encoder_hid_dim_type="text_image_proj", addition_embed_type="text_image"),
        scheduler=_ddim(),
        movq=_movq(),
        **_prior(),
    )


def stable_cascade() -> DiffusionPipeline:
    tokenizer = tokenizers.clip_tokenizer()
    text_encoder = text_encoders.clip_text_encoder_with_projection(tokenizer)
    blocks = ("SDCascadeResBlock", "SDCascadeTimestepBlock")
    decoder = StableCascadeUNet(
        in_channels=4,
        out_channels=4,
        conditioning_dim=32,
        block_out_channels=(16, 32),
        num_attention_heads=(-1, 2),
        down_num_layers_per_block=(1, 1),
        up_num_layers_per_block=(1, 1),
        down_blocks_repeat_mappers=(1, 1),
        up_blocks_repeat_mappers=(1, 1),
        block_types_per_layer=(blocks, (*blocks, "SDCascadeAttnBlock")),
        clip_text_pooled_in_channels=WIDTH,
        effnet_in_channels=16,
        patch_size=2,
    )
    prior = StableCascadeUNet(
        conditioning_dim=32,
        block_out_channels=(32, 32),
        num_attention_heads=(2, 2),
        down_num_layers_per_block=(1, 1),
        up_num_layers_per_block=(1, 1),
        clip_image_in_channels=WIDTH,
        clip_text_in_channels=WIDTH,
        clip_text_pooled_in_channels=WIDTH,
        switch_level=(False,),
    )
    return StableCascadeCombinedPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        decoder=decoder,
        scheduler=DDPMWuerstchenScheduler(),
        vqgan=PaellaVQModel(bottleneck_blocks=1, num_vq_embeddings=2),
        prior_prior=prior,
        prior_text_encoder=text_encoder,
        prior_tokenizer=tokenizer,
        prior_scheduler=DDPMWuerstchenScheduler(),
    )


def _prior() -> dict[str, Any]:
    tokenizer = tokenizers.clip_tokenizer()
    prior = PriorTransformer(num_attention_heads=2, attention_head_dim=16, embedding_dim=WIDTH, num_layers=1)
    # diffusers leaves them at what they are without training: nothing, and no spread.
    prior.clip_std = torch.nn.Parameter(torch.ones(prior.clip_std.shape))
    return {
        "prior_prior": prior,
        "prior_image_encoder": image_encoders.clip_image_encoder(),
        "prior_text_encoder": text_encoders.clip_text_encoder_with_projection(tokenizer),
        "prior_tokenizer": tokenizer,
        "prior_scheduler": UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=10.0
        ),
        "prior_image_processor": image_encoders.clip_image_processor(),
    }


def _unet(**kinds: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        # The picture, and its variance.
        in_channels=4,
        out_channels=8,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        block_out_channels=(16, 32),
        layers_per_block=1,
        encoder_hid_dim=WIDTH,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
        resnet_time_scale_shift="scale_shift",
        **kinds,
    )


def _movq() -> VQModel:
    return VQModel(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8,) * 4,
        latent_channels=4,
        num_vq_embeddings=12,
        norm_num_groups=4,
        norm_type="spatial",
        vq_embed_dim=4,
    )


def _ddim() -> DDIMScheduler:
    return DDIMScheduler(beta_start=0.00085, beta_end=0.012, clip_sample=False, set_alpha_to_one=False, steps_offset=1)


_TWO_STAGES = {"prior_num_inference_steps": 2}

FAMILIES = (
    Family(
        "kandinsky-2.2",
        "KandinskyV22CombinedPipeline",
        kandinsky_2_2,
        tasks=("text-to-image", "image-to-image", "inpainting"),
        call=_TWO_STAGES,
    ),
    Family(
        "kandinsky-2.1",
        "KandinskyCombinedPipeline",
        kandinsky_2_1,
        tasks=("text-to-image", "image-to-image", "inpainting"),
        call=_TWO_STAGES,
    ),
    Family(
        "stable-cascade",
        "StableCascadeCombinedPipeline",
        stable_cascade,
        sizes=((128, 128),),
        call=_TWO_STAGES | {"guidance_scale": None, "decoder_guidance_scale": 1.5},
        guidance="prior_guidance_scale",
    ),
)
