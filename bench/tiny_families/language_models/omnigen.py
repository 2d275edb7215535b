"""OmniGen: a language model that draws."""

from __future__ import annotations

from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, OmniGenPipeline, OmniGenTransformer2DModel

from bench.tiny_families import autoencoders, tokenizers
from bench.tiny_families.family import Family


def omnigen() -> DiffusionPipeline:
    tokenizer = tokenizers.mistral_tokenizer()
    return OmniGenPipeline(
        transformer=OmniGenTransformer2DModel(
            hidden_size=32,
            num_attention_heads=2,
            num_key_value_heads=2,
            intermediate_size=32,
            num_layers=2,
            pad_token_id=tokenizer.pad_token_id,
            vocab_size=len(tokenizer),
            rope_scaling={"short_factor": [1.0] * 8, "long_factor": [1.0] * 8},
            time_step_dim=16,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(invert_sigmas=True, num_train_timesteps=1),
        vae=autoencoders.autoencoder_kl(scaling=0.13025, shift=None),
        tokenizer=tokenizer,
    )


FAMILIES = (
    Family("omnigen", "OmniGenPipeline", omnigen),
    Family(
        "omnigen-edit",
        "OmniGenPipeline",
        omnigen,
        tasks=("edit",),
        call={"prompt": "Make it blue <img><|image_1|></img> like <img><|image_2|></img>"},
        pictures=2,
        arguments={"image": "input_images"},
        # It samples the latents of its pictures for each image of a job anew.
        most_images=1,
    ),
)
