"""FLUX.1's relatives: Control, ControlNet, Kontext, Fill and Redux; and Chroma, which is FLUX without CLIP."""

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
    FluxPriorReduxPipeline,
    FluxTransformer2DModel,
    VisualClozeGenerationPipeline,
    VisualClozePipeline,
)
from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

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
    return FluxFillPipeline(**_fill_components())


def redux() -> DiffusionPipeline:
    """It makes of a picture what the text encoder makes of a prompt; it has no text encoders of its own."""
    embedder = ReduxImageEncoder(redux_dim=WIDTH, txt_in_features=WIDTH)
    # So that a picture weighs beside the prompt's padding.
    embedder.redux_down.weight.data *= 30
    return FluxPriorReduxPipeline(
        image_encoder=SiglipVisionModel(
            SiglipVisionConfig(
                hidden_size=WIDTH,
                intermediate_size=WIDTH,
                num_hidden_layers=2,
                num_attention_heads=2,
                image_size=32,
                patch_size=8,
            )
        ),
        feature_extractor=SiglipImageProcessor(size={"height": 32, "width": 32}),
        image_embedder=embedder,
    )


def visual_cloze() -> DiffusionPipeline:
    """It continues a grid of pictures, and then enlarges the one that it has drawn."""
    return VisualClozePipeline(**_fill_components(), resolution=64)


def visual_cloze_generation() -> DiffusionPipeline:
    return VisualClozeGenerationPipeline(**_fill_components(), resolution=64)


def chroma_inpainting() -> DiffusionPipeline:
    """Its pipeline reads a setting that the transformer does not have, and that Darkroom fills in."""
    pipeline = chroma()
    pipeline.transformer.register_to_config(guidance_embeds=False)
    return pipeline


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


def _fill_components() -> dict[str, Any]:
    return _components(in_channels=2 * _CHANNELS + _MASK_CHANNELS, out_channels=_CHANNELS)


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

_IN_A_GRID: dict[str, Any] = {
    "tasks": ("edit",),
    "pictures": 3,
    "arguments": {"prompt": "task_prompt"},
    # It encodes the grid with the first image's generator only.
    "most_images": 1,
}

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
    Family(
        "visual-cloze",
        "VisualClozePipeline",
        visual_cloze,
        bare_call={"upsampling_width": 64, "upsampling_height": 64, "upsampling_strength": 0.4},
        **_IN_A_GRID,
    ),
    Family("visual-cloze-generation", "VisualClozeGenerationPipeline", visual_cloze_generation, **_IN_A_GRID),
    Family("flux-redux", "FluxPipeline", flux_dev, tasks=("variation",), redux=redux),
    Family("chroma", "ChromaPipeline", chroma, tasks=("text-to-image", "image-to-image")),
    Family("chroma-inpainting", "ChromaPipeline", chroma_inpainting, tasks=("inpainting",)),
)
