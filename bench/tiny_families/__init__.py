"""Every family of pipelines that the engine serves, as tiny pipelines with random weights."""

from __future__ import annotations

from bench.tiny_families import diffusion_transformers, stable_diffusion
from bench.tiny_families.family import Family

ALL_TASKS = ("text-to-image", "image-to-image", "inpainting")

FAMILIES: dict[str, Family] = {
    family.id: family
    for family in (
        Family("sd15", stable_diffusion.stable_diffusion_15, tasks=ALL_TASKS),
        Family("sd2", stable_diffusion.stable_diffusion_2, tasks=ALL_TASKS),
        Family("lcm", stable_diffusion.latent_consistency, tasks=ALL_TASKS[:2], default_scheduler="lcm"),
        Family("sd15-controlnet", stable_diffusion.stable_diffusion_15_controlnet, tasks=ALL_TASKS, control=True),
        Family("sdxl", stable_diffusion.stable_diffusion_xl, tasks=ALL_TASKS),
        Family("sdxl-turbo", stable_diffusion.stable_diffusion_xl_turbo, tasks=ALL_TASKS, call={"guidance_scale": 0.0}),
        Family("sdxl-controlnet", stable_diffusion.stable_diffusion_xl_controlnet, tasks=ALL_TASKS, control=True),
        Family("sd3", diffusion_transformers.stable_diffusion_3, tasks=ALL_TASKS),
        Family("flux-dev", diffusion_transformers.flux_dev, tasks=ALL_TASKS),
        Family("flux-schnell", diffusion_transformers.flux_schnell, tasks=ALL_TASKS),
        Family("flux2-klein", diffusion_transformers.flux2_klein, tasks=ALL_TASKS),
        Family("qwen-image", diffusion_transformers.qwen_image, tasks=ALL_TASKS, guidance="true_cfg_scale"),
        Family("z-image", diffusion_transformers.z_image, tasks=ALL_TASKS),
        Family("sana", diffusion_transformers.sana),
        Family("pixart", diffusion_transformers.pixart),
    )
}
