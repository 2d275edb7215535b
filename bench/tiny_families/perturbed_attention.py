"""Perturbed-attention guidance (PAG): the same components as the family without it, and a pipeline of its own."""

from __future__ import annotations

from diffusers import (
    DiffusionPipeline,
    HunyuanDiTPAGPipeline,
    PixArtSigmaPAGPipeline,
    SanaPAGPipeline,
    StableDiffusion3PAGPipeline,
    StableDiffusionControlNetPAGPipeline,
    StableDiffusionPAGPipeline,
    StableDiffusionXLControlNetPAGPipeline,
    StableDiffusionXLPAGPipeline,
)

from bench.tiny_families import diffusion_transformers, older_transformers, stable_diffusion
from bench.tiny_families.family import Family

#: Layers that a tiny transformer has.
_LAYERS = ["blocks.0"]
#: The size that is asked for, and not the nearest of a list.
_AS_ASKED = {"use_resolution_binning": False}


def stable_diffusion_15() -> DiffusionPipeline:
    components = stable_diffusion.stable_diffusion_2().components
    return StableDiffusionPAGPipeline(**components, requires_safety_checker=False)


def stable_diffusion_15_controlnet() -> DiffusionPipeline:
    components = stable_diffusion.stable_diffusion_15_controlnet().components
    return StableDiffusionControlNetPAGPipeline(**components, requires_safety_checker=False)


def stable_diffusion_xl() -> DiffusionPipeline:
    return StableDiffusionXLPAGPipeline(**stable_diffusion.stable_diffusion_xl().components)


def stable_diffusion_xl_controlnet() -> DiffusionPipeline:
    return StableDiffusionXLControlNetPAGPipeline(**stable_diffusion.stable_diffusion_xl_controlnet().components)


def stable_diffusion_3() -> DiffusionPipeline:
    components = diffusion_transformers.stable_diffusion_3().components
    # The family without it can take a picture as a prompt.
    components = {name: each for name, each in components.items() if name not in ("image_encoder", "feature_extractor")}
    return StableDiffusion3PAGPipeline(**components, pag_applied_layers=_LAYERS)


def pixart_sigma() -> DiffusionPipeline:
    return PixArtSigmaPAGPipeline(**diffusion_transformers.pixart().components, pag_applied_layers=_LAYERS)


def sana() -> DiffusionPipeline:
    return SanaPAGPipeline(**diffusion_transformers.sana().components, pag_applied_layers=["transformer_blocks.0"])


def hunyuan_dit() -> DiffusionPipeline:
    components = older_transformers.hunyuan_dit().components
    return HunyuanDiTPAGPipeline(**components, requires_safety_checker=False, pag_applied_layers=["blocks.0"])


FAMILIES = (
    Family(
        "sd15-pag",
        "StableDiffusionPAGPipeline",
        stable_diffusion_15,
        tasks=("text-to-image", "image-to-image", "inpainting"),
    ),
    Family(
        "sd15-controlnet-pag",
        "StableDiffusionControlNetPAGPipeline",
        stable_diffusion_15_controlnet,
        tasks=("text-to-image", "inpainting"),
        control=True,
        arguments={"control_image": "image"},
        compared_scheduler="ddim",
    ),
    Family(
        "sdxl-pag",
        "StableDiffusionXLPAGPipeline",
        stable_diffusion_xl,
        tasks=("text-to-image", "image-to-image", "inpainting"),
    ),
    Family(
        "sdxl-controlnet-pag",
        "StableDiffusionXLControlNetPAGPipeline",
        stable_diffusion_xl_controlnet,
        tasks=("text-to-image", "image-to-image"),
        control=True,
        arguments={"control_image": "image"},
    ),
    Family("sd3-pag", "StableDiffusion3PAGPipeline", stable_diffusion_3, tasks=("text-to-image", "image-to-image")),
    Family("pixart-sigma-pag", "PixArtSigmaPAGPipeline", pixart_sigma, bare_call=_AS_ASKED),
    Family("sana-pag", "SanaPAGPipeline", sana, bare_call=_AS_ASKED),
    Family("hunyuan-dit-pag", "HunyuanDiTPAGPipeline", hunyuan_dit, bare_call=_AS_ASKED),
)
