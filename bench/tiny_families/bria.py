"""Bria's transformers: Bria 3 reads T5; FIBO reads every layer of SmolLM3, and its Edit looks at pictures; FIBO 2 reads and
looks with Qwen 3 VL.
"""

from __future__ import annotations

from typing import Any

from diffusers import (
    BriaFibo2Pipeline,
    BriaFibo2Transformer2DModel,
    BriaFiboEditPipeline,
    BriaFiboPipeline,
    BriaFiboTransformer2DModel,
    BriaPipeline,
    BriaTransformer2DModel,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
)

from bench.tiny_families import autoencoders, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH

_HEADS = {"num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 1, "num_single_layers": 1}


def bria() -> DiffusionPipeline:
    t5 = tokenizers.t5_tokenizer()
    return BriaPipeline(
        transformer=BriaTransformer2DModel(
            **_HEADS, in_channels=16, joint_attention_dim=WIDTH, axes_dims_rope=[4, 6, 6]
        ),
        scheduler=_dynamic_shift(),
        vae=autoencoders.autoencoder_kl(channels=4, scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.t5_text_encoder(t5),
        tokenizer=t5,
    )


def fibo() -> DiffusionPipeline:
    return BriaFiboPipeline(**_fibo_components())


def fibo_edit() -> DiffusionPipeline:
    """The picture's tokens stand after the latents'."""
    return BriaFiboEditPipeline(**_fibo_components())


def fibo_2() -> DiffusionPipeline:
    """It reads the states after eighteen layers, the last of them the thirty-fifth; the pictures to edit may have any sizes."""
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    transformer = BriaFibo2Transformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        # Three layers, side by side.
        cap_feat_dim=3 * WIDTH,
        injection_layer_ids=(1,),
        perceiver_num_layers=1,
        min_num_gist_tokens=8,
        max_num_gist_tokens=16,
        gist_step=4,
        axes_dims=(4, 6, 6),
    )
    for block in transformer.layers:
        if block.cross_attention is not None:
            # A new model does not look at the text there.
            block.cross_attn_gate.data.fill_(1.0)
    return BriaFibo2Pipeline(
        transformer=transformer,
        scheduler=_dynamic_shift(),
        vae=autoencoders.autoencoder_flux2(channels=4),
        text_encoder=text_encoders.qwen3_seeing_text_encoder(tokenizer, layers=36),
        processor=processors.qwen3_processor(tokenizer),
    )


def _fibo_components() -> dict[str, Any]:
    tokenizer = tokenizers.qwen_tokenizer()
    return {
        "transformer": BriaFiboTransformer2DModel(
            **_HEADS,
            in_channels=4,
            # Its last two layers, side by side.
            joint_attention_dim=2 * WIDTH,
            text_encoder_dim=WIDTH,
            axes_dims_rope=[4, 6, 6],
        ),
        "scheduler": _dynamic_shift(),
        "vae": autoencoders.autoencoder_wan(channels=4, patch=2),
        "text_encoder": text_encoders.smol_text_encoder(tokenizer),
        "tokenizer": tokenizer,
    }


def _dynamic_shift() -> FlowMatchEulerDiscreteScheduler:
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0)


FAMILIES = (
    Family("bria", "BriaPipeline", bria),
    Family("bria-fibo", "BriaFiboPipeline", fibo),
    Family(
        "bria-fibo-edit",
        "BriaFiboEditPipeline",
        fibo_edit,
        tasks=("edit",),
        call={"prompt": '{"edit_instruction": "make the mug blue"}'},
    ),
    Family(
        "bria-fibo-2",
        "BriaFibo2Pipeline",
        fibo_2,
        tasks=("text-to-image", "edit", "inpainting"),
        arguments={"mask_image": "mask"},
    ),
)
