"""The components of Stable Diffusion that its relatives change one of."""

from __future__ import annotations

from typing import Any

from diffusers import DDIMScheduler, UNet2DConditionModel

from bench.tiny_families import stable_diffusion

_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def stable_diffusion_components(**changes: Any) -> dict[str, Any]:
    """By name, with DDIM. `changes` are settings of the UNet; `vae` is another autoencoder."""
    components: dict[str, Any] = stable_diffusion.stable_diffusion_2().components
    scheduler = DDIMScheduler(**_BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    vae = changes.pop("vae", components["vae"])
    return components | {"unet": change_unet(components["unet"], **changes), "vae": vae, "scheduler": scheduler}


def without_image_encoder(components: dict[str, Any]) -> dict[str, Any]:
    """For a pipeline that has none."""
    return {name: each for name, each in components.items() if name != "image_encoder"}


def change_unet(unet: UNet2DConditionModel, **changes: Any) -> UNet2DConditionModel:
    """A new one, with the other settings of `unet`."""
    # Without the list of what the first one left to its class: diffusers would leave that out again.
    config = {name: value for name, value in unet.config.items() if not name.startswith("_")}
    return UNet2DConditionModel(**config | changes)
