"""Wuerstchen and Stable Cascade: a prior draws a picture of 42 pixels a cell from the prompt, and a decoder a larger one from that."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DDPMWuerstchenScheduler,
    DiffusionPipeline,
    StableCascadeCombinedPipeline,
    StableCascadeDecoderPipeline,
    StableCascadePriorPipeline,
    StableCascadeUNet,
    WuerstchenCombinedPipeline,
    WuerstchenDecoderPipeline,
    WuerstchenPriorPipeline,
)
from diffusers.pipelines.deprecated.wuerstchen.modeling_paella_vq_model import PaellaVQModel
from diffusers.pipelines.deprecated.wuerstchen.modeling_wuerstchen_diffnext import WuerstchenDiffNeXt
from diffusers.pipelines.deprecated.wuerstchen.modeling_wuerstchen_prior import WuerstchenPrior

from bench.tiny_families import text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.staged.parts import as_prior
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.zeros import fill_zeros
from worker.rendering.models.moved_modules import has_pipeline_module


def stable_cascade() -> DiffusionPipeline:
    return StableCascadeCombinedPipeline(**_cascade_decoder(), **as_prior(_cascade_prior()))


def cascade_decoder() -> DiffusionPipeline:
    return StableCascadeDecoderPipeline(**_cascade_decoder())


def cascade_prior() -> DiffusionPipeline:
    return StableCascadePriorPipeline(**_cascade_prior())


def wuerstchen() -> DiffusionPipeline:
    return WuerstchenCombinedPipeline(**_wuerstchen_decoder(), **as_prior(_wuerstchen_prior()))


def wuerstchen_decoder() -> DiffusionPipeline:
    return WuerstchenDecoderPipeline(**_wuerstchen_decoder())


def wuerstchen_prior() -> DiffusionPipeline:
    return WuerstchenPriorPipeline(**_wuerstchen_prior())


def _cascade_decoder() -> dict[str, Any]:
    tokenizer = tokenizers.clip_tokenizer()
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
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoders.clip_text_encoder_with_projection(tokenizer),
        "decoder": fill_zeros(decoder),
        "scheduler": DDPMWuerstchenScheduler(),
        "vqgan": _vqgan(),
    }


def _cascade_prior() -> dict[str, Any]:
    tokenizer = tokenizers.clip_tokenizer()
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
    return {
        "prior": fill_zeros(prior),
        "text_encoder": text_encoders.clip_text_encoder_with_projection(tokenizer),
        "tokenizer": tokenizer,
        "scheduler": DDPMWuerstchenScheduler(),
    }


def _wuerstchen_decoder() -> dict[str, Any]:
    tokenizer = tokenizers.clip_tokenizer()
    decoder = WuerstchenDiffNeXt(
        c_cond=WIDTH,
        c_hidden=[16, 32],
        nhead=[-1, 2],
        blocks=[1, 1],
        level_config=["CT", "CTA"],
        inject_effnet=[False, True],
        clip_embd=WIDTH,
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoders.clip_text_encoder(tokenizer),
        "decoder": fill_zeros(decoder),
        "scheduler": DDPMWuerstchenScheduler(),
        "vqgan": _vqgan(),
    }


def _wuerstchen_prior() -> dict[str, Any]:
    _name_module()
    tokenizer = tokenizers.clip_tokenizer()
    return {
        "prior": fill_zeros(WuerstchenPrior(c_in=16, c=32, c_cond=WIDTH, depth=1, nhead=2)),
        "text_encoder": text_encoders.clip_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "scheduler": DDPMWuerstchenScheduler(),
    }


def _vqgan() -> PaellaVQModel:
    _name_module()
    return PaellaVQModel(bottleneck_blocks=1, embed_dim=32, num_vq_embeddings=2)


def _name_module() -> None:
    """diffusers writes into the folders that the components come from `wuerstchen`, as published ones say, only if it finds that."""
    assert has_pipeline_module("wuerstchen")


_OF_CASCADES: dict[str, Any] = {
    # Three cells of the prior.
    "sizes": ((128, 128), (256, 128)),
    "call": {"prior_num_inference_steps": 2, "decoder_guidance_scale": 1.5},
    "guidance": "prior_guidance_scale",
}

FAMILIES = (
    Family("stable-cascade", "StableCascadeCombinedPipeline", stable_cascade, **_OF_CASCADES),
    Family(
        "stable-cascade-folders",
        "StableCascadeDecoderPipeline",
        cascade_decoder,
        assemble_prior=cascade_prior,
        **_OF_CASCADES,
    ),
    Family("wuerstchen", "WuerstchenCombinedPipeline", wuerstchen, **_OF_CASCADES),
    Family(
        "wuerstchen-folders",
        "WuerstchenDecoderPipeline",
        wuerstchen_decoder,
        assemble_prior=wuerstchen_prior,
        **_OF_CASCADES,
    ),
)
