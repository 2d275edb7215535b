"""HiDream, which reads CLIP twice, T5 and every layer of Llama, and draws about a megapixel whatever size is asked for."""

from __future__ import annotations

from diffusers import (
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    HiDreamImagePipeline,
    HiDreamImageTransformer2DModel,
)

from bench.tiny_families import autoencoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def hidream() -> DiffusionPipeline:
    """Its text encoder has as many layers as a guided call has rows, so that they could be taken for each other."""
    clip, t5, llama = tokenizers.clip_tokenizer(), tokenizers.t5_tokenizer(), tokenizers.mistral_tokenizer()
    transformer = HiDreamImageTransformer2DModel(
        # As coarse as it can be, for a picture that is large.
        patch_size=4,
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
    )
    for projection in transformer.caption_projection:
        # So that a few words weigh beside the picture's tokens.
        projection.linear.weight.data *= 30
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
        transformer=transformer,
    )


FAMILIES = (
    Family(
        "hidream",
        "HiDreamImagePipeline",
        hidream,
        steps=2,
        # Then the picture is not scaled.
        sizes=((1024, 1024),),
        # No more than the positions of a tiny CLIP.
        call={"max_sequence_length": 64},
    ),
)
