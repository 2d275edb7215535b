"""Models that draw from noise alone, or from the number of a class; and RePaint, which paints inside a picture with one of them."""

from __future__ import annotations

from diffusers import (
    CMStochasticIterativeScheduler,
    ConsistencyModelPipeline,
    DDIMPipeline,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    DiffusionPipeline,
    DiTPipeline,
    DiTTransformer2DModel,
    KarrasVePipeline,
    KarrasVeScheduler,
    PNDMPipeline,
    PNDMScheduler,
    RePaintPipeline,
    RePaintScheduler,
    ScoreSdeVePipeline,
    ScoreSdeVeScheduler,
)

from bench.tiny_families import autoencoders
from bench.tiny_families.family import SIDE, Family
from bench.tiny_families.older.unets import picture_unet
from bench.tiny_families.zeros import fill_zeros

#: The number of classes of ImageNet, which DiT takes for granted.
_CLASSES = 1000


def ddpm() -> DiffusionPipeline:
    return DDPMPipeline(unet=picture_unet(sample_size=SIDE), scheduler=DDPMScheduler())


def ddim() -> DiffusionPipeline:
    return DDIMPipeline(unet=picture_unet(sample_size=SIDE), scheduler=DDIMScheduler())


def pndm() -> DiffusionPipeline:
    return PNDMPipeline(unet=picture_unet(sample_size=SIDE), scheduler=PNDMScheduler())


def score_sde_ve() -> DiffusionPipeline:
    """Its noise is far stronger than the picture, and each step is corrected before it is taken."""
    unet = picture_unet(sample_size=SIDE, time_embedding_type="fourier")
    return ScoreSdeVePipeline(unet=unet, scheduler=ScoreSdeVeScheduler(sigma_max=50.0))


def karras_ve() -> DiffusionPipeline:
    """Its scheduler adds noise before a step, and corrects it afterwards."""
    pipeline = KarrasVePipeline(unet=picture_unet(sample_size=SIDE), scheduler=KarrasVeScheduler())
    # As published folders have it; diffusers takes its own place for deprecated schedulers for a pipeline's.
    pipeline.register_to_config(scheduler=("diffusers", "KarrasVeScheduler"))
    return pipeline


def consistency() -> DiffusionPipeline:
    """It draws the class of a number."""
    unet = picture_unet(sample_size=SIDE, num_class_embeds=10)
    return ConsistencyModelPipeline(unet=unet, scheduler=CMStochasticIterativeScheduler(num_train_timesteps=40))


def dit() -> DiffusionPipeline:
    """It draws the class of a number; its rows without guidance go through the scheduler, too."""
    transformer = DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        sample_size=8,
        patch_size=2,
        num_embeds_ada_norm=_CLASSES,
        attention_bias=True,
        activation_fn="gelu-approximate",
        norm_elementwise_affine=False,
    )
    return DiTPipeline(
        transformer=fill_zeros(transformer),
        vae=autoencoders.autoencoder_kl(),
        scheduler=DDIMScheduler(clip_sample=False),
    )


def repaint() -> DiffusionPipeline:
    """It goes back to more noise in between, and paints where its mask is black."""
    return RePaintPipeline(unet=picture_unet(sample_size=SIDE), scheduler=RePaintScheduler())


_NO_PROMPT = {"prompt": None, "negative_prompt": None}
_ONE_CLASS = {**_NO_PROMPT, "class_labels": 3}

FAMILIES = (
    Family("ddpm", "DDPMPipeline", ddpm, tasks=("unconditional",), call=_NO_PROMPT),
    Family("ddim", "DDIMPipeline", ddim, tasks=("unconditional",), call=_NO_PROMPT),
    Family("pndm", "PNDMPipeline", pndm, tasks=("unconditional",), call=_NO_PROMPT),
    # The correction of a step measures all images of a job together.
    Family(
        "score-sde-ve", "ScoreSdeVePipeline", score_sde_ve, tasks=("unconditional",), call=_NO_PROMPT, most_images=1
    ),
    Family("karras-ve", "KarrasVePipeline", karras_ve, tasks=("unconditional",), call=_NO_PROMPT),
    Family(
        "consistency",
        "ConsistencyModelPipeline",
        consistency,
        tasks=("unconditional",),
        call=_ONE_CLASS,
    ),
    Family("dit", "DiTPipeline", dit, tasks=("unconditional",), call=_ONE_CLASS),
    Family(
        "repaint",
        "RePaintPipeline",
        repaint,
        tasks=("inpainting",),
        call={**_NO_PROMPT, "jump_length": 2, "jump_n_sample": 2},
        steps=6,
        keeps_white=True,
        most_images=1,
    ),
)
