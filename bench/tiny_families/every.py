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
    hunyuan_image,
    longcat,
    mistral_readers,
    omnigen,
    qwen3_readers,
    qwen_edit,
)

_OTHERS: tuple[tuple[Family, ...], ...] = (
    flux.FAMILIES,
    controlnets.FAMILIES,
    deepfloyd.FAMILIES,
    older_transformers.FAMILIES,
    language_transformers.FAMILIES,
    perturbed_attention.FAMILIES,
    stable_diffusion_relatives.FAMILIES,
    qwen_edit.FAMILIES,
    bria.FAMILIES,
    longcat.FAMILIES,
    megapixel.FAMILIES,
    omnigen.FAMILIES,
    hunyuan_image.FAMILIES,
    dreamlite.FAMILIES,
    mistral_readers.FAMILIES,
    qwen3_readers.FAMILIES,
)

EVERY_FAMILY: dict[str, Family] = FAMILIES | {family.id: family for families in _OTHERS for family in families}
