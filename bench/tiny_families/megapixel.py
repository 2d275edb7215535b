"""Transformers whose pipelines draw about a megapixel, whatever size is asked for: Kandinsky 5."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    Kandinsky5I2IPipeline,
    Kandinsky5T2IPipeline,
    Kandinsky5Transformer3DModel,
)

from bench.tiny_families import autoencoders, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.zeros import fill_zeros

#: Then the picture is not scaled.
_SIZES = ((1024, 1024),)


def kandinsky_5() -> DiffusionPipeline:
    return Kandinsky5T2IPipeline(**_kandinsky_components(visual_cond=False))


def kandinsky_5_edit() -> DiffusionPipeline:
    """Its transformer takes the picture's latents and a mask beside its own."""
    return Kandinsky5I2IPipeline(**_kandinsky_components(visual_cond=True))


def _kandinsky_components(*, visual_cond: bool) -> dict[str, Any]:
    tokenizer, clip = tokenizers.qwen_seeing_tokenizer(), tokenizers.clip_tokenizer()
    transformer = Kandinsky5Transformer3DModel(
        in_visual_dim=4,
        in_text_dim=WIDTH,
        in_text_dim2=WIDTH,
        time_dim=16,
        out_visual_dim=4,
        model_dim=32,
        ff_dim=32,
        num_text_blocks=1,
        num_visual_blocks=1,
        axes_dims=(4, 6, 6),
        visual_cond=visual_cond,
    )
    return {
        "transformer": fill_zeros(transformer),
        "vae": autoencoders.autoencoder_kl(channels=4, scaling=0.3611),
        "text_encoder": text_encoders.qwen_seeing_text_encoder(tokenizer),
        "tokenizer": processors.qwen_processor(tokenizer),
        "text_encoder_2": text_encoders.clip_text_encoder(clip),
        "tokenizer_2": clip,
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=5.0),
    }


FAMILIES = (
    Family("kandinsky-5", "Kandinsky5T2IPipeline", kandinsky_5, steps=2, sizes=_SIZES),
    Family(
        "kandinsky-5-edit",
        "Kandinsky5I2IPipeline",
        kandinsky_5_edit,
        tasks=("edit",),
        steps=2,
        sizes=_SIZES,
        most_images=1,
    ),
)
