"""Families with a ControlNet beside a transformer, and Stable Diffusion XL with a ControlNet Union."""

from __future__ import annotations

from diffusers import (
    ControlNetUnionModel,
    DiffusionPipeline,
    QwenImageControlNetInpaintPipeline,
    QwenImageControlNetModel,
    QwenImageControlNetPipeline,
    SanaControlNetModel,
    SanaControlNetPipeline,
    SD3ControlNetModel,
    StableDiffusion3ControlNetInpaintingPipeline,
    StableDiffusion3ControlNetPipeline,
    StableDiffusionXLControlNetUnionPipeline,
    ZImageControlNetInpaintPipeline,
    ZImageControlNetModel,
    ZImageControlNetPipeline,
)

from bench.tiny_families import diffusion_transformers, stable_diffusion
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.zeros import fill_zeros


def stable_diffusion_3() -> DiffusionPipeline:
    components = diffusion_transformers.stable_diffusion_3().components
    return StableDiffusion3ControlNetPipeline(**components, controlnet=_sd3_controlnet(extra_channels=0))


def stable_diffusion_3_inpainting() -> DiffusionPipeline:
    """The ControlNet itself takes the picture and the mask."""
    components = diffusion_transformers.stable_diffusion_3().components
    return StableDiffusion3ControlNetInpaintingPipeline(**components, controlnet=_sd3_controlnet(extra_channels=1))


def stable_diffusion_xl_union() -> DiffusionPipeline:
    components = stable_diffusion.stable_diffusion_xl().components
    unet = components["unet"].config
    controlnet = ControlNetUnionModel(
        down_block_types=unet.down_block_types,
        block_out_channels=unet.block_out_channels,
        layers_per_block=unet.layers_per_block,
        attention_head_dim=unet.attention_head_dim,
        norm_num_groups=unet.norm_num_groups,
        cross_attention_dim=unet.cross_attention_dim,
        addition_embed_type=unet.addition_embed_type,
        addition_time_embed_dim=unet.addition_time_embed_dim,
        projection_class_embeddings_input_dim=unet.projection_class_embeddings_input_dim,
        transformer_layers_per_block=unet.transformer_layers_per_block,
        use_linear_projection=True,
        conditioning_embedding_out_channels=(4, 8, 8, 8),
        num_trans_channel=16,
        num_proj_channel=16,
    )
    return StableDiffusionXLControlNetUnionPipeline(**components, controlnet=fill_zeros(controlnet))


def qwen_image() -> DiffusionPipeline:
    components = diffusion_transformers.qwen_image().components
    return QwenImageControlNetPipeline(**components, controlnet=_qwen_controlnet(extra_channels=0))


def qwen_image_inpainting() -> DiffusionPipeline:
    """The ControlNet itself takes the picture and the mask."""
    components = diffusion_transformers.qwen_image().components
    return QwenImageControlNetInpaintPipeline(**components, controlnet=_qwen_controlnet(extra_channels=4))


def z_image() -> DiffusionPipeline:
    components = diffusion_transformers.z_image().components
    return ZImageControlNetPipeline(**components, controlnet=_z_controlnet(channels=16))


def z_image_inpainting() -> DiffusionPipeline:
    """The ControlNet takes the control image, the mask and the masked picture."""
    components = diffusion_transformers.z_image().components
    return ZImageControlNetInpaintPipeline(**components, controlnet=_z_controlnet(channels=33))


def sana() -> DiffusionPipeline:
    components = diffusion_transformers.sana().components
    controlnet = SanaControlNetModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=1,
        num_cross_attention_heads=2,
        cross_attention_head_dim=16,
        cross_attention_dim=32,
        caption_channels=WIDTH,
        sample_size=16,
    )
    return SanaControlNetPipeline(**components, controlnet=fill_zeros(controlnet))


def _sd3_controlnet(*, extra_channels: int) -> SD3ControlNetModel:
    controlnet = SD3ControlNetModel(
        sample_size=32,
        num_layers=1,
        num_attention_heads=2,
        attention_head_dim=16,
        joint_attention_dim=2 * WIDTH,
        caption_projection_dim=32,
        pooled_projection_dim=2 * WIDTH,
        pos_embed_max_size=32,
        extra_conditioning_channels=extra_channels,
    )
    return fill_zeros(controlnet)


def _qwen_controlnet(*, extra_channels: int) -> QwenImageControlNetModel:
    controlnet = QwenImageControlNetModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=16,
        out_channels=4,
        num_layers=1,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(4, 6, 6),
        extra_condition_channels=extra_channels,
    )
    return fill_zeros(controlnet)


def _z_controlnet(*, channels: int) -> ZImageControlNetModel:
    controlnet = ZImageControlNetModel(
        control_layers_places=[0],
        control_refiner_layers_places=[0],
        control_in_dim=channels,
        dim=32,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
    )
    return fill_zeros(controlnet)


_PICTURE_AND_MASK = {"image": "control_image", "mask_image": "control_mask"}

FAMILIES = (
    Family("sd3-controlnet", "StableDiffusion3ControlNetPipeline", stable_diffusion_3, control=True),
    Family(
        "sd3-controlnet-inpainting",
        "StableDiffusion3ControlNetInpaintingPipeline",
        stable_diffusion_3_inpainting,
        tasks=("inpainting",),
        arguments=_PICTURE_AND_MASK,
    ),
    Family(
        "sdxl-controlnet-union",
        "StableDiffusionXLControlNetUnionPipeline",
        stable_diffusion_xl_union,
        tasks=("text-to-image", "image-to-image", "inpainting"),
        control=True,
        call={"control_mode": 0},
    ),
    Family("qwen-image-controlnet", "QwenImageControlNetPipeline", qwen_image, control=True, guidance="true_cfg_scale"),
    Family(
        "qwen-image-controlnet-inpainting",
        "QwenImageControlNetInpaintPipeline",
        qwen_image_inpainting,
        tasks=("inpainting",),
        guidance="true_cfg_scale",
        arguments=_PICTURE_AND_MASK,
    ),
    Family("z-image-controlnet", "ZImageControlNetPipeline", z_image, control=True),
    Family(
        "z-image-controlnet-inpainting",
        "ZImageControlNetInpaintPipeline",
        z_image_inpainting,
        tasks=("inpainting",),
        control=True,
    ),
    Family("sana-controlnet", "SanaControlNetPipeline", sana, control=True),
)
