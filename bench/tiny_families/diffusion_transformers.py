"""The families whose denoiser is a transformer: SD3, FLUX.1, FLUX.2, Qwen-Image, Z-Image, Sana and PixArt."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FluxPipeline,
    FluxTransformer2DModel,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)

from bench.tiny_families import autoencoders, text_encoders, tokenizers
from bench.tiny_families.text_encoders import WIDTH

_HEADS = {"num_attention_heads": 2, "attention_head_dim": 16}


def stable_diffusion_3() -> DiffusionPipeline:
    clip, t5 = tokenizers.clip_tokenizer(), tokenizers.t5_tokenizer()
    return StableDiffusion3Pipeline(
        vae=autoencoders.autoencoder_kl(channels=16, scaling=1.5305, shift=0.0609),
        text_encoder=text_encoders.clip_text_encoder_with_projection(clip),
        tokenizer=clip,
        text_encoder_2=text_encoders.clip_text_encoder_with_projection(clip),
        tokenizer_2=tokenizers.clip_tokenizer(),
        # The outputs of both CLIPs are side by side in the width of T5.
        text_encoder_3=text_encoders.t5_text_encoder(t5, width=2 * WIDTH),
        tokenizer_3=t5,
        transformer=SD3Transformer2DModel(
            **_HEADS,
            sample_size=32,
            num_layers=2,
            joint_attention_dim=2 * WIDTH,
            caption_projection_dim=32,
            pooled_projection_dim=2 * WIDTH,
            pos_embed_max_size=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


def flux_dev() -> DiffusionPipeline:
    """Its guidance is an input of the transformer, beside the timestep."""
    return _flux(guidance_embeds=True, scheduler=_dynamic_shift())


def flux_schnell() -> DiffusionPipeline:
    """Distilled to four steps, without guidance."""
    return _flux(guidance_embeds=False, scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0))


def flux2_klein() -> DiffusionPipeline:
    tokenizer = tokenizers.qwen_tokenizer()
    return Flux2KleinPipeline(
        scheduler=_dynamic_shift(),
        vae=autoencoders.autoencoder_flux2(channels=4),
        text_encoder=text_encoders.qwen3_causal_text_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=Flux2Transformer2DModel(
            **_HEADS,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            # The states of three layers of the text encoder.
            joint_attention_dim=3 * WIDTH,
            timestep_guidance_channels=32,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        is_distilled=False,
    )


def qwen_image() -> DiffusionPipeline:
    tokenizer = tokenizers.qwen_tokenizer()
    return QwenImagePipeline(
        scheduler=_dynamic_shift(shift_terminal=0.02),
        vae=autoencoders.autoencoder_qwen(channels=4),
        text_encoder=text_encoders.qwen_vision_text_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=QwenImageTransformer2DModel(
            **_HEADS,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            joint_attention_dim=WIDTH,
            axes_dims_rope=(4, 6, 6),
        ),
    )


def z_image() -> DiffusionPipeline:
    """Its transformer takes lists: pictures and texts of any size in one call."""
    tokenizer = tokenizers.qwen_tokenizer()
    transformer = ZImageTransformer2DModel(
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=WIDTH,
        axes_dims=[4, 6, 6],
        axes_lens=[1024, 64, 64],
    )
    # diffusers leaves them uninitialised, because it fills them from the file.
    for token in (transformer.x_pad_token, transformer.cap_pad_token):
        torch.nn.init.normal_(token, std=0.02)
    return ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoders.autoencoder_kl(channels=16, scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.qwen3_text_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def sana() -> DiffusionPipeline:
    tokenizer = tokenizers.gemma_tokenizer()
    return SanaPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoders.gemma_text_encoder(tokenizer),
        vae=autoencoders.autoencoder_dc(channels=4),
        transformer=SanaTransformer2DModel(
            **_HEADS,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            num_cross_attention_heads=2,
            cross_attention_head_dim=16,
            cross_attention_dim=32,
            caption_channels=WIDTH,
            # The latents of a square picture: 16 are 512 pixels.
            sample_size=16,
        ),
        scheduler=DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, final_sigmas_type="zero"
        ),
    )


def pixart() -> DiffusionPipeline:
    """It has no callback for its steps: `__call__` takes no callback_on_step_end."""
    tokenizer = tokenizers.t5_tokenizer()
    return PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoders.t5_text_encoder(tokenizer),
        vae=autoencoders.autoencoder_kl(scaling=0.13025),
        transformer=PixArtTransformer2DModel(
            **_HEADS,
            in_channels=4,
            out_channels=8,
            num_layers=2,
            cross_attention_dim=32,
            caption_channels=WIDTH,
            # 32 are 256 pixels, the smallest picture that the pipeline draws.
            sample_size=32,
            use_additional_conditions=False,
        ),
        scheduler=DPMSolverMultistepScheduler(beta_start=0.0001, beta_end=0.02),
    )


def _flux(*, guidance_embeds: bool, scheduler: FlowMatchEulerDiscreteScheduler) -> DiffusionPipeline:
    clip, t5 = tokenizers.clip_tokenizer(), tokenizers.t5_tokenizer()
    return FluxPipeline(
        scheduler=scheduler,
        vae=autoencoders.autoencoder_kl(channels=4, scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.clip_text_encoder(clip),
        tokenizer=clip,
        text_encoder_2=text_encoders.t5_text_encoder(t5),
        tokenizer_2=t5,
        transformer=FluxTransformer2DModel(
            **_HEADS,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            guidance_embeds=guidance_embeds,
            axes_dims_rope=(4, 6, 6),
        ),
    )


def _dynamic_shift(**options: Any) -> FlowMatchEulerDiscreteScheduler:
    """Noisier for larger pictures, as FLUX.1 dev, FLUX.2 and Qwen-Image are trained."""
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0, **options)
