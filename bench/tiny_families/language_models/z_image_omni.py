"""Z-Image Omni, which draws and edits: its transformer takes lists of pictures, and what SigLIP sees of them."""

from __future__ import annotations

import torch
from diffusers import DiffusionPipeline, ZImageOmniPipeline, ZImageTransformer2DModel
from transformers import Siglip2ImageProcessor, Siglip2VisionConfig, Siglip2VisionModel

from bench.tiny_families import diffusion_transformers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def omni() -> DiffusionPipeline:
    components = diffusion_transformers.z_image().components
    config = {name: value for name, value in components["transformer"].config.items() if not name.startswith("_")}
    transformer = ZImageTransformer2DModel(**config | {"siglip_feat_dim": WIDTH})
    # diffusers leaves them uninitialised, because it fills them from the file.
    for token in (transformer.x_pad_token, transformer.cap_pad_token, transformer.siglip_pad_token):
        torch.nn.init.normal_(token, std=0.02)
    return ZImageOmniPipeline(
        **components
        | {
            "transformer": transformer,
            "siglip": Siglip2VisionModel(
                Siglip2VisionConfig(
                    hidden_size=WIDTH,
                    intermediate_size=WIDTH,
                    num_hidden_layers=2,
                    num_attention_heads=2,
                    patch_size=16,
                    num_patches=16,
                )
            ),
            "siglip_processor": Siglip2ImageProcessor(patch_size=16, max_num_patches=16),
        }
    )


FAMILIES = (Family("z-image-omni", "ZImageOmniPipeline", omni, tasks=("text-to-image", "edit")),)
