"""Stable Diffusion by a control image, without a ControlNet: a T2I adapter, and ControlNet-XS."""

from __future__ import annotations

import torch
from diffusers import (
    ControlNetXSAdapter,
    DiffusionPipeline,
    StableDiffusionAdapterPipeline,
    StableDiffusionControlNetXSPipeline,
    StableDiffusionXLControlNetXSPipeline,
    T2IAdapter,
    UNet2DConditionModel,
)

from bench.tiny_families import stable_diffusion
from bench.tiny_families.family import Family
from bench.tiny_families.unets.components import change_unet, stable_diffusion_components, without_image_encoder
from bench.tiny_families.zeros import fill_zeros

#: The adapter's features are as large as the states of the blocks that attend to the prompt: the first one does.
_ATTENDS_FIRST = {
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}

# ControlNet-XS has two layers in each block, and connects each with one of the UNet.
_LAYERS = {"layers_per_block": 2}


def t2i_adapter() -> DiffusionPipeline:
    """The adapter looks at the control image once."""
    return StableDiffusionAdapterPipeline(
        **without_image_encoder(stable_diffusion_components(**_ATTENDS_FIRST)),
        adapter=T2IAdapter(channels=[16, 32], num_res_blocks=1, downscale_factor=8),
        requires_safety_checker=False,
    )


def controlnet_xs() -> DiffusionPipeline:
    """A small control network inside the UNet's own blocks."""
    components = without_image_encoder(stable_diffusion_components(**_LAYERS))
    return StableDiffusionControlNetXSPipeline(
        **components, controlnet=_adapter(components["unet"]), requires_safety_checker=False
    )


def controlnet_xs_xl() -> DiffusionPipeline:
    components = without_image_encoder(stable_diffusion.stable_diffusion_xl().components)
    unet = change_unet(components["unet"], **_LAYERS)
    return StableDiffusionXLControlNetXSPipeline(**components | {"unet": unet}, controlnet=_adapter(unet))


def _adapter(unet: UNet2DConditionModel) -> ControlNetXSAdapter:
    adapter = ControlNetXSAdapter.from_unet(
        unet, size_ratio=0.5, conditioning_embedding_out_channels=(4, 8, 8, 8), num_attention_heads=[2, 2]
    )
    # Its connections to the UNet are zeros until they are trained, and what a new one makes of a picture is faint.
    with torch.no_grad():
        for parameter in adapter.controlnet_cond_embedding.parameters():
            parameter.mul_(3)
    return fill_zeros(adapter)


_CONTROL_IS_IMAGE = {"control_image": "image"}

FAMILIES = (
    Family("t2i-adapter", "StableDiffusionAdapterPipeline", t2i_adapter, control=True, arguments=_CONTROL_IS_IMAGE),
    Family(
        "controlnet-xs",
        "StableDiffusionControlNetXSPipeline",
        controlnet_xs,
        control=True,
        arguments=_CONTROL_IS_IMAGE,
    ),
    Family(
        "controlnet-xs-xl",
        "StableDiffusionXLControlNetXSPipeline",
        controlnet_xs_xl,
        control=True,
        arguments=_CONTROL_IS_IMAGE,
    ),
)
