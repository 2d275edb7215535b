"""Every family of pipelines that the engine serves, as tiny pipelines with random weights."""

from __future__ import annotations

from bench.tiny_families import diffusion_transformers, stable_diffusion
from bench.tiny_families.family import Family
from core.catalog import Task

ALL_TASKS: tuple[Task, ...] = ("text-to-image", "image-to-image", "inpainting")

FAMILIES: dict[str, Family] = {
    family.id: family
    for family in (
        Family(
            "sd15",
            "StableDiffusionPipeline",
            stable_diffusion.stable_diffusion_15,
            tasks=ALL_TASKS,
            compared_scheduler="ddim",
        ),
        Family("sd2", "StableDiffusionPipeline", stable_diffusion.stable_diffusion_2, tasks=ALL_TASKS),
        Family(
            "lcm",
            "LatentConsistencyModelPipeline",
            stable_diffusion.latent_consistency,
            tasks=ALL_TASKS[:2],
            default_scheduler="lcm",
        ),
        Family(
            "sd15-controlnet",
            "StableDiffusionControlNetPipeline",
            stable_diffusion.stable_diffusion_15_controlnet,
            tasks=ALL_TASKS,
            control=True,
            arguments={"control_image": "image"},
            compared_scheduler="ddim",
        ),
        Family("sdxl", "StableDiffusionXLPipeline", stable_diffusion.stable_diffusion_xl, tasks=ALL_TASKS),
        Family(
            "sdxl-turbo",
            "StableDiffusionXLPipeline",
            stable_diffusion.stable_diffusion_xl_turbo,
            tasks=ALL_TASKS,
            call={"guidance_scale": 0.0},
        ),
        Family(
            "sdxl-controlnet",
            "StableDiffusionXLControlNetPipeline",
            stable_diffusion.stable_diffusion_xl_controlnet,
            tasks=ALL_TASKS,
            control=True,
            arguments={"control_image": "image"},
        ),
        Family("sd3", "StableDiffusion3Pipeline", diffusion_transformers.stable_diffusion_3, tasks=ALL_TASKS),
        Family("flux-dev", "FluxPipeline", diffusion_transformers.flux_dev, tasks=ALL_TASKS),
        Family("flux-schnell", "FluxPipeline", diffusion_transformers.flux_schnell, tasks=ALL_TASKS),
        Family(
            "flux2-klein",
            "Flux2KleinPipeline",
            diffusion_transformers.flux2_klein,
            tasks=("text-to-image", "edit", "inpainting"),
        ),
        Family(
            "qwen-image",
            "QwenImagePipeline",
            diffusion_transformers.qwen_image,
            tasks=ALL_TASKS,
            guidance="true_cfg_scale",
        ),
        Family("z-image", "ZImagePipeline", diffusion_transformers.z_image, tasks=ALL_TASKS),
        Family("sana", "SanaPipeline", diffusion_transformers.sana),
        Family("pixart", "PixArtSigmaPipeline", diffusion_transformers.pixart),
    )
}
