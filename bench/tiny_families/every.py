"""A tiny family for every pipeline class that is served: those that most tests draw with, and the others."""

from __future__ import annotations

from bench.tiny_families import (
    FAMILIES,
    bria,
    controlnets,
    deepfloyd,
    flux,
    language_transformers,
    megapixel,
    older_transformers,
    perturbed_attention,
    stable_diffusion_relatives,
)
from bench.tiny_families.family import Family
from bench.tiny_families.language_models import (
    dreamlite,
    glm,
    hidream,
    hunyuan_image,
    joyimage,
    longcat,
    mistral_readers,
    omnigen,
    qwen3_readers,
    qwen_edit,
    z_image_omni,
)
from bench.tiny_families.older import latent_diffusion, marigold, tokens, unconditional, versatile
from bench.tiny_families.staged import cascades, kandinsky, unclip
from bench.tiny_families.unets import (
    alt_diffusion,
    control_images,
    edited,
    guidance,
    kolors,
    latent_upscaler,
    paint_by_example,
)

_OTHERS: tuple[tuple[Family, ...], ...] = (
    flux.FAMILIES,
    controlnets.FAMILIES,
    deepfloyd.FAMILIES,
    older_transformers.FAMILIES,
    language_transformers.FAMILIES,
    perturbed_attention.FAMILIES,
    stable_diffusion_relatives.FAMILIES,
    kandinsky.FAMILIES,
    cascades.FAMILIES,
    unclip.FAMILIES,
    qwen_edit.FAMILIES,
    bria.FAMILIES,
    longcat.FAMILIES,
    megapixel.FAMILIES,
    omnigen.FAMILIES,
    hunyuan_image.FAMILIES,
    dreamlite.FAMILIES,
    mistral_readers.FAMILIES,
    qwen3_readers.FAMILIES,
    control_images.FAMILIES,
    latent_upscaler.FAMILIES,
    kolors.FAMILIES,
    guidance.FAMILIES,
    paint_by_example.FAMILIES,
    alt_diffusion.FAMILIES,
    edited.FAMILIES,
    tokens.FAMILIES,
    latent_diffusion.FAMILIES,
    versatile.FAMILIES,
    unconditional.FAMILIES,
    marigold.FAMILIES,
    hidream.FAMILIES,
    joyimage.FAMILIES,
    z_image_omni.FAMILIES,
    glm.FAMILIES,
)

EVERY_FAMILY: dict[str, Family] = FAMILIES | {family.id: family for families in _OTHERS for family in families}
