"""GLM-Image: a language model writes the picture's tokens, and a transformer draws after them."""

from __future__ import annotations

from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, GlmImagePipeline, GlmImageTransformer2DModel
from transformers import (
    ByT5Tokenizer,
    GlmImageConfig,
    GlmImageForConditionalGeneration,
    GlmImageImageProcessor,
    GlmImageProcessor,
    PreTrainedTokenizerBase,
)

from bench.tiny_families import autoencoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH

#: The tokens of pictures come first among all, and the last of them mark a picture's beginning and end.
_PICTURE_TOKENS = 64


def glm() -> DiffusionPipeline:
    tokenizer, bytes_read = tokenizers.glm_tokenizer(), ByT5Tokenizer()
    vae = autoencoders.autoencoder_kl(channels=4)
    vae.register_to_config(latents_mean=[0.0] * 4, latents_std=[1.0] * 4)
    return GlmImagePipeline(
        tokenizer=bytes_read,
        processor=GlmImageProcessor(
            image_processor=GlmImageImageProcessor(patch_size=16, merge_size=1),
            tokenizer=tokenizer,
            chat_template=tokenizer.chat_template,
        ),
        text_encoder=text_encoders.t5_text_encoder(bytes_read),
        vision_language_encoder=_vision_language_encoder(tokenizer),
        vae=vae,
        transformer=GlmImageTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            text_embed_dim=WIDTH,
            time_embed_dim=32,
            condition_dim=8,
            prior_vq_quantizer_codebook_size=_PICTURE_TOKENS,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(
            base_shift=0.25, max_shift=0.75, base_image_seq_len=256, use_dynamic_shifting=True, time_shift_type="linear"
        ),
    )


def _vision_language_encoder(tokenizer: PreTrainedTokenizerBase) -> GlmImageForConditionalGeneration:
    model = GlmImageForConditionalGeneration(
        GlmImageConfig(
            text_config={
                "vocab_size": len(tokenizer),
                "hidden_size": WIDTH,
                "intermediate_size": WIDTH,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 2,
                "max_position_embeddings": 2048,
                "pad_token_id": tokenizer.pad_token_id,
                "vision_vocab_size": _PICTURE_TOKENS,
                # Never written, so that every picture has all its tokens.
                "eos_token_id": tokenizer.eos_token_id,
                "rope_parameters": {
                    "rope_type": "default",
                    "rope_theta": 10000.0,
                    "mrope_section": [2, 3, 3],
                    "partial_rotary_factor": 1.0,
                },
            },
            vision_config={
                "depth": 1,
                "hidden_size": WIDTH,
                "intermediate_size": WIDTH,
                "num_heads": 2,
                "image_size": 64,
                "patch_size": 16,
            },
            vq_config={"embed_dim": 16, "num_embeddings": _PICTURE_TOKENS, "latent_channels": WIDTH},
            image_token_id=tokenizer.convert_tokens_to_ids("<|image|>"),
            image_start_token_id=_PICTURE_TOKENS - 2,
            image_end_token_id=_PICTURE_TOKENS - 1,
        )
    )
    # So that it writes other tokens for other words.
    for layer in model.model.language_model.layers:
        layer.self_attn.v_proj.weight.data *= 50
        layer.self_attn.o_proj.weight.data *= 50
    model.lm_head.weight.data *= 10
    return model


FAMILIES = (
    # Its language model writes one picture's tokens for all images of a job.
    Family("glm-image", "GlmImagePipeline", glm, most_images=1),
)
