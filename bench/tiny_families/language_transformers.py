"""Transformers that read the states of a language model: CogView 4, Lumina 2, Ovis, PRX, Krea 2, Sana-Sprint."""

from __future__ import annotations

from typing import Any

from diffusers import (
    CogView4ControlPipeline,
    CogView4Pipeline,
    CogView4Transformer2DModel,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    Krea2Pipeline,
    Krea2Transformer2DModel,
    Lumina2Pipeline,
    Lumina2Transformer2DModel,
    OvisImagePipeline,
    OvisImageTransformer2DModel,
    PRXPipeline,
    PRXPixelPipeline,
    PRXTransformer2DModel,
    SanaSprintPipeline,
    SanaTransformer2DModel,
    SCMScheduler,
)

from bench.tiny_families import autoencoders, diffusion_transformers, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.zeros import fill_zeros

_HEADS = {"num_attention_heads": 2, "attention_head_dim": 16}


def cogview_4() -> DiffusionPipeline:
    return CogView4Pipeline(**_cogview_components(in_channels=4))


def cogview_4_control() -> DiffusionPipeline:
    """Its transformer takes the control image's latents beside its own."""
    return CogView4ControlPipeline(**_cogview_components(in_channels=8))


def lumina_2() -> DiffusionPipeline:
    tokenizer = tokenizers.gemma_tokenizer()
    return Lumina2Pipeline(
        transformer=Lumina2Transformer2DModel(
            sample_size=8,
            in_channels=4,
            hidden_size=32,
            num_layers=2,
            num_refiner_layers=1,
            num_attention_heads=2,
            num_kv_heads=2,
            multiple_of=16,
            axes_dim_rope=(4, 6, 6),
            axes_lens=(512, 64, 64),
            cap_feat_dim=WIDTH,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=6.0),
        vae=autoencoders.autoencoder_kl(scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.gemma_text_encoder(tokenizer),
        tokenizer=tokenizer,
    )


def ovis() -> DiffusionPipeline:
    tokenizer = tokenizers.qwen_tokenizer()
    return OvisImagePipeline(
        scheduler=_dynamic_shift(),
        vae=autoencoders.autoencoder_kl(channels=4, scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.qwen3_text_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=OvisImageTransformer2DModel(
            **_HEADS,
            in_channels=16,
            out_channels=16,
            num_layers=1,
            num_single_layers=1,
            joint_attention_dim=WIDTH,
            axes_dims_rope=(4, 6, 6),
        ),
    )


def prx() -> DiffusionPipeline:
    tokenizer = tokenizers.gemma_tokenizer()
    tokenizer.model_max_length = 64
    return PRXPipeline(
        transformer=fill_zeros(
            PRXTransformer2DModel(
                in_channels=4,
                patch_size=1,
                context_in_dim=WIDTH,
                hidden_size=32,
                mlp_ratio=2.0,
                num_heads=2,
                depth=2,
                axes_dim=[8, 8],
            )
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=text_encoders.t5gemma_text_encoder(tokenizer),
        tokenizer=tokenizer,
        vae=autoencoders.autoencoder_kl(scaling=0.3611, shift=0.1159),
        default_sample_size=64,
    )


def prx_pixel() -> DiffusionPipeline:
    """Without an autoencoder: it draws the pixels themselves."""
    components = prx().components
    transformer = PRXTransformer2DModel.from_config(
        {**components["transformer"].config, "in_channels": 3, "patch_size": 8}
    )
    return PRXPixelPipeline(
        transformer=fill_zeros(transformer),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=components["text_encoder"],
        tokenizer=components["tokenizer"],
        default_sample_size=64,
    )


def krea_2() -> DiffusionPipeline:
    """Its transformer reads several layers of the text encoder."""
    tokenizer = tokenizers.qwen_tokenizer()
    return Krea2Pipeline(
        scheduler=_dynamic_shift(),
        vae=autoencoders.autoencoder_qwen(channels=4),
        text_encoder=text_encoders.qwen3_vision_text_encoder(tokenizer).model,
        tokenizer=tokenizer,
        transformer=Krea2Transformer2DModel(
            in_channels=16,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=32,
            timestep_embed_dim=16,
            text_hidden_dim=WIDTH,
            num_text_layers=2,
            text_num_attention_heads=2,
            text_num_key_value_heads=2,
            text_intermediate_size=32,
            num_layerwise_text_blocks=1,
            num_refiner_text_blocks=1,
            axes_dims_rope=(4, 6, 6),
        ),
        text_encoder_select_layers=[1, 2],
    )


def sana_sprint() -> DiffusionPipeline:
    """Distilled; its guidance is embedded."""
    components = diffusion_transformers.sana().components
    config = {name: value for name, value in components["transformer"].config.items() if not name.startswith("_")}
    guided = {"guidance_embeds": True, "guidance_embeds_scale": 0.1, "qk_norm": "rms_norm_across_heads"}
    transformer = SanaTransformer2DModel(**config | guided)
    return SanaSprintPipeline(**components | {"transformer": transformer, "scheduler": SCMScheduler()})


def _cogview_components(*, in_channels: int) -> dict[str, Any]:
    tokenizer = tokenizers.gemma_tokenizer()
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoders.glm_text_encoder(tokenizer),
        "vae": autoencoders.autoencoder_kl(channels=4),
        "transformer": CogView4Transformer2DModel(
            **_HEADS,
            in_channels=in_channels,
            out_channels=4,
            num_layers=2,
            text_embed_dim=WIDTH,
            time_embed_dim=8,
            condition_dim=4,
            sample_size=8,
            rope_axes_dim=(64, 64),
        ),
        "scheduler": FlowMatchEulerDiscreteScheduler(
            base_shift=0.25, max_shift=0.75, base_image_seq_len=256, use_dynamic_shifting=True, time_shift_type="linear"
        ),
    }


def _dynamic_shift() -> FlowMatchEulerDiscreteScheduler:
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0)


FAMILIES = (
    Family("cogview-4", "CogView4Pipeline", cogview_4),
    Family("cogview-4-control", "CogView4ControlPipeline", cogview_4_control, control=True),
    Family("lumina-2", "Lumina2Pipeline", lumina_2, call={"system_prompt": "Draw."}),
    Family("ovis", "OvisImagePipeline", ovis),
    Family("prx", "PRXPipeline", prx, bare_call={"use_resolution_binning": False}),
    Family("prx-pixel", "PRXPixelPipeline", prx_pixel, bare_call={"use_resolution_binning": False}),
    Family("krea-2", "Krea2Pipeline", krea_2),
    Family(
        "sana-sprint",
        "SanaSprintPipeline",
        sana_sprint,
        tasks=("text-to-image", "image-to-image"),
        bare_call={"intermediate_timesteps": None, "use_resolution_binning": False},
    ),
)
