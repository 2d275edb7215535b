"""Stable Diffusion's relatives with a pipeline of their own: instructions, variations, upscalers, depth, unCLIP, T2I adapters."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DDPMScheduler,
    DiffusionPipeline,
    PriorTransformer,
    StableDiffusionDepth2ImgPipeline,
    StableDiffusionImageVariationPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionUpscalePipeline,
    StableDiffusionXLAdapterPipeline,
    StableDiffusionXLInstructPix2PixPipeline,
    StableUnCLIPImg2ImgPipeline,
    StableUnCLIPPipeline,
    T2IAdapter,
    UnCLIPScheduler,
)
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer

from bench.tiny_families import autoencoders, image_encoders, stable_diffusion, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.unets.components import change_unet, stable_diffusion_components

_SQUARED_COSINE = {"beta_schedule": "squaredcos_cap_v2"}


def instruct_pix2pix() -> DiffusionPipeline:
    """Its UNet takes the picture's latents beside its own; three rows for each image."""
    components = stable_diffusion_components(in_channels=8)
    return StableDiffusionInstructPix2PixPipeline(**components, requires_safety_checker=False)


def instruct_pix2pix_xl() -> DiffusionPipeline:
    components = stable_diffusion.stable_diffusion_xl().components
    components = {name: each for name, each in components.items() if name not in ("image_encoder", "feature_extractor")}
    return StableDiffusionXLInstructPix2PixPipeline(
        **components | {"unet": change_unet(components["unet"], in_channels=8)}
    )


def image_variation() -> DiffusionPipeline:
    """It reads a picture in the place of a prompt."""
    components = stable_diffusion_components()
    return StableDiffusionImageVariationPipeline(
        vae=components["vae"],
        image_encoder=image_encoders.clip_image_encoder(),
        unet=components["unet"],
        scheduler=components["scheduler"],
        safety_checker=None,
        feature_extractor=image_encoders.clip_image_processor(),
        requires_safety_checker=False,
    )


def upscale() -> DiffusionPipeline:
    """Four times as large; the picture itself, with noise, stands beside the latents."""
    components = stable_diffusion_components(
        in_channels=7, num_class_embeds=1000, vae=autoencoders.autoencoder_kl(blocks=3, scaling=0.08333)
    )
    return StableDiffusionUpscalePipeline(
        **{name: each for name, each in components.items() if name != "image_encoder"},
        low_res_scheduler=DDPMScheduler(**_SQUARED_COSINE),
        max_noise_level=350,
    )


def depth() -> DiffusionPipeline:
    """It estimates the picture's depth, which stands beside the latents."""
    components = stable_diffusion_components(in_channels=5)
    return StableDiffusionDepth2ImgPipeline(
        **{name: components[name] for name in ("vae", "text_encoder", "tokenizer", "unet", "scheduler")},
        depth_estimator=image_encoders.depth_estimator(),
        feature_extractor=image_encoders.depth_image_processor(),
    )


def unclip() -> DiffusionPipeline:
    """A prior draws a picture's embedding from the prompt, and the UNet a picture from that."""
    prior_tokenizer = tokenizers.clip_tokenizer()
    components = _unclip_components()
    return StableUnCLIPPipeline(
        prior_tokenizer=prior_tokenizer,
        prior_text_encoder=text_encoders.clip_text_encoder_with_projection(prior_tokenizer),
        prior=PriorTransformer(num_attention_heads=2, attention_head_dim=16, embedding_dim=WIDTH, num_layers=1),
        prior_scheduler=UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=5.0, **_SQUARED_COSINE
        ),
        **components,
    )


def unclip_variation() -> DiffusionPipeline:
    """The embedding is that of a picture."""
    return StableUnCLIPImg2ImgPipeline(
        feature_extractor=image_encoders.clip_image_processor(),
        image_encoder=image_encoders.clip_image_encoder(),
        **_unclip_components(),
    )


def t2i_adapter_xl() -> DiffusionPipeline:
    components = stable_diffusion.stable_diffusion_xl().components
    adapter = T2IAdapter(
        channels=[16, 32], num_res_blocks=1, downscale_factor=16, adapter_type="full_adapter_xl", in_channels=3
    )
    return StableDiffusionXLAdapterPipeline(**components, adapter=adapter)


def _unclip_components() -> dict[str, Any]:
    # The embedding and its noise level, side by side.
    components = stable_diffusion_components(
        class_embed_type="projection", projection_class_embeddings_input_dim=2 * WIDTH
    )
    names = ("tokenizer", "text_encoder", "unet", "scheduler", "vae")
    return {name: components[name] for name in names} | {
        "image_normalizer": StableUnCLIPImageNormalizer(embedding_dim=WIDTH),
        "image_noising_scheduler": DDPMScheduler(**_SQUARED_COSINE),
    }


_NO_PROMPT = {"prompt": None, "negative_prompt": None}

FAMILIES = (
    Family("instruct-pix2pix", "StableDiffusionInstructPix2PixPipeline", instruct_pix2pix, tasks=("edit",)),
    Family("instruct-pix2pix-xl", "StableDiffusionXLInstructPix2PixPipeline", instruct_pix2pix_xl, tasks=("edit",)),
    Family(
        "image-variation",
        "StableDiffusionImageVariationPipeline",
        image_variation,
        tasks=("variation",),
        call=_NO_PROMPT,
    ),
    Family(
        "upscale",
        "StableDiffusionUpscalePipeline",
        upscale,
        tasks=("upscale",),
        sizes=((256, 256),),
        input_size=(64, 64),
        # All images of a job have the first one's noise on the picture.
        most_images=1,
    ),
    Family("depth", "StableDiffusionDepth2ImgPipeline", depth, tasks=("image-to-image",)),
    Family("unclip", "StableUnCLIPPipeline", unclip, call={"prior_num_inference_steps": 2}),
    # All images of a job have the first one's noise on the embedding.
    Family("unclip-variation", "StableUnCLIPImg2ImgPipeline", unclip_variation, tasks=("variation",), most_images=1),
    Family(
        "t2i-adapter-xl",
        "StableDiffusionXLAdapterPipeline",
        t2i_adapter_xl,
        control=True,
        arguments={"control_image": "image"},
    ),
)
