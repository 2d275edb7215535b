"""Transformers whose pipelines draw about a megapixel, whatever size is asked for: HiDream and Kandinsky 5."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    HiDreamImagePipeline,
    HiDreamImageTransformer2DModel,
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


def hidream() -> DiffusionPipeline:
    """It reads each prompt four times."""
    clip, t5, llama = tokenizers.clip_tokenizer(), tokenizers.t5_tokenizer(), tokenizers.mistral_tokenizer()
    return HiDreamImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoders.autoencoder_kl(channels=4, scaling=0.3611, shift=0.1159),
        text_encoder=text_encoders.clip_text_encoder_with_projection(clip),
        tokenizer=clip,
        text_encoder_2=text_encoders.clip_text_encoder_with_projection(clip),
        tokenizer_2=tokenizers.clip_tokenizer(),
        text_encoder_3=text_encoders.t5_text_encoder(t5),
        tokenizer_3=t5,
        text_encoder_4=text_encoders.llama_text_encoder(llama),
        tokenizer_4=llama,
        transformer=HiDreamImageTransformer2DModel(
            patch_size=2,
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            caption_channels=[WIDTH, WIDTH],
            text_emb_dim=2 * WIDTH,
            num_routed_experts=2,
            num_activated_experts=1,
            axes_dims_rope=(8, 4, 4),
            llama_layers=[0, 1],
        ),
    )


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
    Family(
        "hidream",
        "HiDreamImagePipeline",
        hidream,
        steps=2,
        sizes=_SIZES,
        # No more than the positions of a tiny CLIP.
        call={"max_sequence_length": 64},
    ),
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
