"""FLUX.1's relatives: Control, ControlNet, Kontext and Fill; and Chroma, which is FLUX without CLIP."""

from __future__ import annotations

from typing import Any

from diffusers import (
    ChromaPipeline,
    ChromaTransformer2DModel,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    FluxControlNetModel,
    FluxControlNetPipeline,
    FluxControlPipeline,
    FluxFillPipeline,
    FluxKontextPipeline,
    FluxTransformer2DModel,
)

from bench.tiny_families import autoencoders, text_encoders, tokenizers
from bench.tiny_families.diffusion_transformers import flux_dev
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH

_HEADS = {"num_attention_heads": 2, "attention_head_dim": 16}
#: Of the packed latents: four cells of the autoencoder's four channels.
_CHANNELS = 16
#: Of a packed mask: a value for each pixel under four cells.
_MASK_CHANNELS = 256


def control() -> DiffusionPipeline:
    """Its transformer takes the control image's latents beside its own."""
    return FluxControlPipeline(**_components(in_channels=2 * _CHANNELS, out_channels=_CHANNELS))


def controlnet() -> DiffusionPipeline:
    components = _components()
    controlnet = FluxControlNetModel(**_HEADS, **_blocks(), in_channels=_CHANNELS, guidance_embeds=True)
    # A new ControlNet ends in zeros and has no effect; this one must have one.
    for block in [
        *controlnet.controlnet_blocks,
        *controlnet.controlnet_single_blocks,
        controlnet.controlnet_x_embedder,
    ]:
        block.reset_parameters()
    return FluxControlNetPipeline(**components, controlnet=controlnet)


def kontext() -> DiffusionPipeline:
    """The picture's tokens stand after the latents'."""
    return FluxKontextPipeline(**_components())


def fill() -> DiffusionPipeline:
    """Its transformer takes the masked picture and the mask beside the latents."""
    return FluxFillPipeline(**_components(in_channels=2 * _CHANNELS + _MASK_CHANNELS, out_channels=_CHANNELS))


def chroma() -> DiffusionPipeline:
    """T5 alone, and a guidance of two forwards."""
    t5 = tokenizers.t5_tokenizer()
    return ChromaPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=autoencoders.autoencoder_kl(channels=4, scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.t5_text_encoder(t5),
        tokenizer=t5,
        transformer=ChromaTransformer2DModel(
            **_HEADS,
            in_channels=_CHANNELS,
            num_layers=1,
            num_single_layers=1,
            joint_attention_dim=WIDTH,
            axes_dims_rope=(4, 6, 6),
            approximator_num_channels=16,
            approximator_hidden_dim=32,
            approximator_layers=1,
        ),
    )


def _components(**transformer: Any) -> dict[str, Any]:
    components = {name: each for name, each in flux_dev().components.items() if name in _NAMES}
    if transformer:
        components["transformer"] = FluxTransformer2DModel(**_HEADS, **_blocks(), **transformer, guidance_embeds=True)
    return components


def _blocks() -> dict[str, Any]:
    return {
        "num_layers": 1,
        "num_single_layers": 1,
        "joint_attention_dim": WIDTH,
        "pooled_projection_dim": WIDTH,
        "axes_dims_rope": (4, 6, 6),
    }


_NAMES = ("scheduler", "vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2", "transformer")

FAMILIES = (
    Family(
        "flux-control",
        "FluxControlPipeline",
        control,
        tasks=("text-to-image", "image-to-image", "inpainting"),
        control=True,
    ),
    Family(
        "flux-controlnet",
        "FluxControlNetPipeline",
        controlnet,
        tasks=("text-to-image", "image-to-image", "inpainting"),
        control=True,
    ),
    Family(
        "flux-kontext",
        "FluxKontextPipeline",
        kontext,
        tasks=("text-to-image", "edit", "inpainting"),
        bare_call={"max_area": 64 * 64, "_auto_resize": False},
    ),
    Family("flux-fill", "FluxFillPipeline", fill, tasks=("inpainting",)),
    Family("chroma", "ChromaPipeline", chroma, tasks=("text-to-image", "image-to-image")),
)
