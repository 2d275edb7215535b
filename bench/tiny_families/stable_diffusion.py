"""The families of Stable Diffusion: 1.5, 2, XL, XL-Turbo and LCM, and those with a ControlNet."""

from __future__ import annotations

from typing import Any

from diffusers import (
    ControlNetModel,
    DDIMScheduler,
    DiffusionPipeline,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PNDMScheduler,
    SchedulerMixin,
    StableDiffusionControlNetPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLControlNetPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)

from bench.tiny_families.autoencoders import autoencoder_kl
from bench.tiny_families.text_encoders import WIDTH, clip_text_encoder, clip_text_encoder_with_projection
from bench.tiny_families.tokenizers import clip_tokenizer

#: The noise schedule with which all of them were trained.
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
#: SDXL's denoiser takes six numbers about the size, each as an embedding of this width, and the pooled text.
_SIZE_EMBEDDING = 8

_UNET: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "attention_head_dim": 4,
    "norm_num_groups": 4,
}
_XL: dict[str, Any] = {
    "cross_attention_dim": 2 * WIDTH,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": _SIZE_EMBEDDING,
    "projection_class_embeddings_input_dim": WIDTH + 6 * _SIZE_EMBEDDING,
    "use_linear_projection": True,
    "transformer_layers_per_block": (1, 2),
}


def stable_diffusion_15() -> DiffusionPipeline:
    """Predicts noise; its own scheduler is PNDM."""
    return StableDiffusionPipeline(**_components(_pndm()))


def stable_diffusion_2() -> DiffusionPipeline:
    """Predicts velocities."""
    scheduler = DDIMScheduler(
        **_BETAS, prediction_type="v_prediction", clip_sample=False, set_alpha_to_one=False, steps_offset=1
    )
    return StableDiffusionPipeline(**_components(scheduler))


def stable_diffusion_15_controlnet() -> DiffusionPipeline:
    components = _components(_pndm())
    return StableDiffusionControlNetPipeline(**components, controlnet=_controlnet(components["unet"]))


def latent_consistency() -> DiffusionPipeline:
    """Distilled: the guidance is embedded, and only its own scheduler works."""
    return LatentConsistencyModelPipeline(**_components(LCMScheduler(**_BETAS), time_cond_proj_dim=16))


def stable_diffusion_xl() -> DiffusionPipeline:
    scheduler = EulerDiscreteScheduler(**_BETAS, timestep_spacing="leading", steps_offset=1)
    return StableDiffusionXLPipeline(**_components_xl(scheduler))


def stable_diffusion_xl_turbo() -> DiffusionPipeline:
    """Distilled to a few steps without guidance."""
    scheduler = EulerAncestralDiscreteScheduler(**_BETAS, timestep_spacing="trailing")
    return StableDiffusionXLPipeline(**_components_xl(scheduler))


def stable_diffusion_xl_controlnet() -> DiffusionPipeline:
    components = _components_xl(EulerDiscreteScheduler(**_BETAS, timestep_spacing="leading", steps_offset=1))
    return StableDiffusionXLControlNetPipeline(**components, controlnet=_controlnet(components["unet"]))


def stable_diffusion_xl_refiner() -> DiffusionPipeline:
    """It has the second text encoder alone, and its denoiser takes an aesthetic score in the place of a size."""
    components = _components_xl(EulerDiscreteScheduler(**_BETAS, timestep_spacing="leading", steps_offset=1))
    numbers = WIDTH + 5 * _SIZE_EMBEDDING
    own = _XL | {"cross_attention_dim": WIDTH, "projection_class_embeddings_input_dim": numbers}
    absent = {"text_encoder": None, "tokenizer": None, "unet": _unet(**own)}
    return StableDiffusionXLImg2ImgPipeline(**(components | absent), requires_aesthetics_score=True)


def _components(scheduler: SchedulerMixin, **unet: Any) -> dict[str, Any]:
    tokenizer = clip_tokenizer()
    return {
        "vae": autoencoder_kl(),
        "text_encoder": clip_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "unet": _unet(cross_attention_dim=WIDTH, **unet),
        "scheduler": scheduler,
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


def _components_xl(scheduler: SchedulerMixin) -> dict[str, Any]:
    tokenizer = clip_tokenizer()
    return {
        "vae": autoencoder_kl(scaling=0.13025),
        "text_encoder": clip_text_encoder(tokenizer),
        "text_encoder_2": clip_text_encoder_with_projection(tokenizer),
        "tokenizer": tokenizer,
        "tokenizer_2": clip_tokenizer(),
        "unet": _unet(**_XL),
        "scheduler": scheduler,
    }


def _unet(**options: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(**_UNET, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **options)


def _controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    controlnet = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 8, 8, 8))
    # A new ControlNet ends in zeros and has no effect; these must have one.
    for block in [*controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block]:
        block.reset_parameters()
    controlnet.controlnet_cond_embedding.conv_out.reset_parameters()
    return controlnet


def _pndm() -> PNDMScheduler:
    return PNDMScheduler(**_BETAS, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1)
