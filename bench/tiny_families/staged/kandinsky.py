"""Kandinsky 2: a prior draws the embedding of a picture, and a UNet a picture from that."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    KandinskyCombinedPipeline,
    KandinskyInpaintCombinedPipeline,
    KandinskyInpaintPipeline,
    KandinskyPipeline,
    KandinskyPriorPipeline,
    KandinskyV22CombinedPipeline,
    KandinskyV22ControlnetImg2ImgPipeline,
    KandinskyV22ControlnetPipeline,
    KandinskyV22InpaintCombinedPipeline,
    KandinskyV22InpaintPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorEmb2EmbPipeline,
    KandinskyV22PriorPipeline,
    UNet2DConditionModel,
    VQModel,
)
from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP

from bench.tiny_families.family import Family
from bench.tiny_families.staged.parts import as_prior, kandinsky_prior, xlm_roberta_tokenizer
from bench.tiny_families.text_encoders import WIDTH

#: Latents, the latents of the picture, and the mask.
_INPAINTING_CHANNELS = 9


def kandinsky_2_2() -> DiffusionPipeline:
    return KandinskyV22CombinedPipeline(**_decoder_2_2(), **as_prior(kandinsky_prior()))


def kandinsky_2_2_inpainting() -> DiffusionPipeline:
    components = _decoder_2_2(in_channels=_INPAINTING_CHANNELS)
    return KandinskyV22InpaintCombinedPipeline(**components, **as_prior(kandinsky_prior()))


def decoder_2_2() -> DiffusionPipeline:
    return KandinskyV22Pipeline(**_decoder_2_2())


def inpainting_decoder_2_2() -> DiffusionPipeline:
    return KandinskyV22InpaintPipeline(**_decoder_2_2(in_channels=_INPAINTING_CHANNELS))


def controlled_decoder_2_2() -> DiffusionPipeline:
    """Its UNet makes four channels of the control image, and takes them beside the latents."""
    return KandinskyV22ControlnetPipeline(**_controlled_2_2())


def controlled_picture_decoder_2_2() -> DiffusionPipeline:
    return KandinskyV22ControlnetImg2ImgPipeline(**_controlled_2_2())


def prior_2_2() -> DiffusionPipeline:
    return KandinskyV22PriorPipeline(**kandinsky_prior())


def picture_prior_2_2() -> DiffusionPipeline:
    """Begins with the embedding of a picture."""
    return KandinskyV22PriorEmb2EmbPipeline(**kandinsky_prior())


def kandinsky_2_1() -> DiffusionPipeline:
    """Its second stage reads the prompt, too."""
    return KandinskyCombinedPipeline(**_decoder_2_1(), **as_prior(kandinsky_prior()))


def kandinsky_2_1_inpainting() -> DiffusionPipeline:
    components = _decoder_2_1(in_channels=_INPAINTING_CHANNELS)
    return KandinskyInpaintCombinedPipeline(**components, **as_prior(kandinsky_prior()))


def decoder_2_1() -> DiffusionPipeline:
    return KandinskyPipeline(**_decoder_2_1())


def inpainting_decoder_2_1() -> DiffusionPipeline:
    return KandinskyInpaintPipeline(**_decoder_2_1(in_channels=_INPAINTING_CHANNELS))


def prior_2_1() -> DiffusionPipeline:
    return KandinskyPriorPipeline(**kandinsky_prior())


def _decoder_2_2(**unet: Any) -> dict[str, Any]:
    return {
        "unet": _unet(**{"encoder_hid_dim_type": "image_proj", "addition_embed_type": "image"} | unet),
        "scheduler": _ddim(),
        "movq": _movq(),
    }


def _controlled_2_2() -> dict[str, Any]:
    return _decoder_2_2(in_channels=8, addition_embed_type="image_hint")


def _decoder_2_1(**unet: Any) -> dict[str, Any]:
    tokenizer = xlm_roberta_tokenizer()
    config = MCLIPConfig(
        transformerDimSize=WIDTH,
        imageDimSize=WIDTH,
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=96,
    )
    return {
        "text_encoder": MultilingualCLIP(config).eval(),
        "tokenizer": tokenizer,
        "unet": _unet(encoder_hid_dim_type="text_image_proj", addition_embed_type="text_image", **unet),
        "scheduler": _ddim(),
        "movq": _movq(),
    }


def _unet(**options: Any) -> UNet2DConditionModel:
    usual: dict[str, Any] = {
        "in_channels": 4,
        # The picture, and its variance.
        "out_channels": 8,
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "encoder_hid_dim": WIDTH,
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
        "resnet_time_scale_shift": "scale_shift",
    }
    return UNet2DConditionModel(**usual | options)


def _movq() -> VQModel:
    return VQModel(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        # Its norms have 32 groups.
        block_out_channels=(32,) * 4,
        latent_channels=4,
        num_vq_embeddings=12,
        norm_type="spatial",
        vq_embed_dim=4,
    )


def _ddim() -> DDIMScheduler:
    return DDIMScheduler(beta_start=0.00085, beta_end=0.012, clip_sample=False, set_alpha_to_one=False, steps_offset=1)


_TWO_STAGES = {"prior_num_inference_steps": 2}

FAMILIES = (
    Family(
        "kandinsky-2.2",
        "KandinskyV22CombinedPipeline",
        kandinsky_2_2,
        tasks=("text-to-image", "image-to-image"),
        call=_TWO_STAGES,
    ),
    Family(
        "kandinsky-2.2-inpainting",
        "KandinskyV22InpaintCombinedPipeline",
        kandinsky_2_2_inpainting,
        tasks=("inpainting",),
        call=_TWO_STAGES,
    ),
    Family(
        "kandinsky-2.2-folders",
        "KandinskyV22Pipeline",
        decoder_2_2,
        tasks=("text-to-image", "image-to-image"),
        call=_TWO_STAGES,
        assemble_prior=prior_2_2,
    ),
    Family(
        "kandinsky-2.2-inpainting-folders",
        "KandinskyV22InpaintPipeline",
        inpainting_decoder_2_2,
        tasks=("inpainting",),
        call=_TWO_STAGES,
        assemble_prior=prior_2_2,
    ),
    Family(
        "kandinsky-2.2-control-folders",
        "KandinskyV22ControlnetPipeline",
        controlled_decoder_2_2,
        control=True,
        call=_TWO_STAGES,
        assemble_prior=prior_2_2,
    ),
    Family(
        "kandinsky-2.2-control-picture-folders",
        "KandinskyV22ControlnetImg2ImgPipeline",
        controlled_picture_decoder_2_2,
        tasks=("image-to-image",),
        control=True,
        call=_TWO_STAGES,
        assemble_prior=picture_prior_2_2,
    ),
    Family(
        "kandinsky-2.1",
        "KandinskyCombinedPipeline",
        kandinsky_2_1,
        tasks=("text-to-image", "image-to-image"),
        call=_TWO_STAGES,
    ),
    Family(
        "kandinsky-2.1-inpainting",
        "KandinskyInpaintCombinedPipeline",
        kandinsky_2_1_inpainting,
        tasks=("inpainting",),
        call=_TWO_STAGES,
    ),
    Family(
        "kandinsky-2.1-folders",
        "KandinskyPipeline",
        decoder_2_1,
        tasks=("text-to-image", "image-to-image"),
        call=_TWO_STAGES,
        assemble_prior=prior_2_1,
    ),
    Family(
        "kandinsky-2.1-inpainting-folders",
        "KandinskyInpaintPipeline",
        inpainting_decoder_2_1,
        tasks=("inpainting",),
        call=_TWO_STAGES,
        assemble_prior=prior_2_1,
    ),
)
