"""Transformers that read T5 or BERT: AuraFlow, CogView 3 Plus, Hunyuan-DiT, Lumina-T2X and PixArt-alpha; and Kandinsky 3."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    AuraFlowPipeline,
    AuraFlowTransformer2DModel,
    CogVideoXDDIMScheduler,
    CogView3PlusPipeline,
    CogView3PlusTransformer2DModel,
    DDPMScheduler,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    HunyuanDiT2DControlNetModel,
    HunyuanDiT2DModel,
    HunyuanDiTControlNetPipeline,
    HunyuanDiTPipeline,
    Kandinsky3Pipeline,
    Kandinsky3UNet,
    LuminaNextDiT2DModel,
    LuminaPipeline,
    PixArtAlphaPipeline,
    VQModel,
)

from bench.tiny_families import autoencoders, diffusion_transformers, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.zeros import fill_zeros

_HEADS = {"num_attention_heads": 2, "attention_head_dim": 16}
#: Hunyuan-DiT's, in the transformer and in its ControlNet.
_HUNYUAN: dict[str, Any] = {
    **_HEADS,
    "sample_size": 16,
    "in_channels": 4,
    "patch_size": 2,
    "hidden_size": 32,
    "cross_attention_dim": WIDTH,
    "cross_attention_dim_t5": WIDTH,
    "pooled_projection_dim": 16,
}


def auraflow() -> DiffusionPipeline:
    t5 = tokenizers.t5_tokenizer()
    text_encoder = text_encoders.umt5_text_encoder(t5)
    # Untrained weights hardly hear a text that is as quiet as the latents.
    torch.nn.init.constant_(text_encoder.encoder.final_layer_norm.weight, 30.0)
    transformer = AuraFlowTransformer2DModel(
        **_HEADS,
        sample_size=8,
        num_mmdit_layers=1,
        num_single_dit_layers=1,
        joint_attention_dim=WIDTH,
        caption_projection_dim=32,
        pos_embed_max_size=256,
    )
    # Nor a few words beside their padding.
    transformer.joint_transformer_blocks[0].attn.add_v_proj.weight.data *= 100
    return AuraFlowPipeline(
        tokenizer=t5,
        text_encoder=text_encoder,
        vae=autoencoders.autoencoder_kl(scaling=0.13025),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.73),
    )


def cogview_3_plus() -> DiffusionPipeline:
    t5 = tokenizers.t5_tokenizer()
    return CogView3PlusPipeline(
        tokenizer=t5,
        text_encoder=text_encoders.t5_text_encoder(t5),
        vae=autoencoders.autoencoder_kl(channels=4),
        transformer=CogView3PlusTransformer2DModel(
            **_HEADS,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            text_embed_dim=WIDTH,
            time_embed_dim=8,
            condition_dim=2,
            pos_embed_max_size=32,
            sample_size=8,
        ),
        scheduler=CogVideoXDDIMScheduler(),
    )


def hunyuan_dit() -> DiffusionPipeline:
    """It reads each prompt with BERT and with T5."""
    return HunyuanDiTPipeline(**_hunyuan_components())


def hunyuan_dit_controlnet() -> DiffusionPipeline:
    controlnet = HunyuanDiT2DControlNetModel(**_HUNYUAN, transformer_num_layers=4)
    return HunyuanDiTControlNetPipeline(**_hunyuan_components(), controlnet=fill_zeros(controlnet))


def lumina() -> DiffusionPipeline:
    tokenizer = tokenizers.gemma_tokenizer()
    return LuminaPipeline(
        transformer=LuminaNextDiT2DModel(
            sample_size=4,
            in_channels=4,
            hidden_size=32,
            num_layers=2,
            num_attention_heads=2,
            num_kv_heads=2,
            multiple_of=16,
            cross_attention_dim=WIDTH,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=autoencoders.autoencoder_kl(scaling=0.13025),
        text_encoder=text_encoders.gemma_text_encoder(tokenizer),
        tokenizer=tokenizer,
    )


def pixart_alpha() -> DiffusionPipeline:
    components = diffusion_transformers.pixart().components
    return PixArtAlphaPipeline(**components)


def kandinsky_3() -> DiffusionPipeline:
    """A UNet, but with T5 and a quantising autoencoder."""
    t5 = tokenizers.t5_tokenizer()
    return Kandinsky3Pipeline(
        tokenizer=t5,
        text_encoder=text_encoders.t5_text_encoder(t5),
        unet=Kandinsky3UNet(
            time_embedding_dim=32,
            groups=2,
            attention_head_dim=4,
            layers_per_block=2,
            block_out_channels=(16, 16),
            cross_attention_dim=WIDTH,
            encoder_hid_dim=WIDTH,
        ),
        scheduler=DDPMScheduler(
            beta_start=0.00085, beta_end=0.02, beta_schedule="squaredcos_cap_v2", clip_sample=False
        ),
        movq=VQModel(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(8,) * 4,
            latent_channels=4,
            num_vq_embeddings=12,
            norm_num_groups=4,
            vq_embed_dim=4,
        ),
    )


def _hunyuan_components() -> dict[str, Any]:
    bert, t5 = tokenizers.bert_tokenizer(), tokenizers.t5_tokenizer()
    return {
        "vae": autoencoders.autoencoder_kl(scaling=0.13025),
        "text_encoder": text_encoders.bert_text_encoder(bert),
        "tokenizer": bert,
        "text_encoder_2": text_encoders.t5_text_encoder(t5),
        "tokenizer_2": t5,
        "transformer": HunyuanDiT2DModel(**_HUNYUAN, num_layers=4),
        "scheduler": DDPMScheduler(beta_start=0.00085, beta_end=0.018, beta_schedule="scaled_linear"),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


FAMILIES = (
    # Padding is not masked: with much of it, untrained weights hardly see the prompt.
    Family("auraflow", "AuraFlowPipeline", auraflow, call={"max_sequence_length": 16}),
    Family("cogview-3-plus", "CogView3PlusPipeline", cogview_3_plus),
    Family("hunyuan-dit", "HunyuanDiTPipeline", hunyuan_dit, bare_call={"use_resolution_binning": False}),
    Family(
        "hunyuan-dit-controlnet",
        "HunyuanDiTControlNetPipeline",
        hunyuan_dit_controlnet,
        control=True,
        bare_call={"use_resolution_binning": False},
    ),
    Family("lumina", "LuminaPipeline", lumina),
    Family("pixart-alpha", "PixArtAlphaPipeline", pixart_alpha, bare_call={"use_resolution_binning": False}),
    Family("kandinsky-3", "Kandinsky3Pipeline", kandinsky_3, tasks=("text-to-image", "image-to-image")),
)
