"""Tiny models that look at pictures, with random weights: CLIP's image encoder, and a depth estimator."""

from __future__ import annotations

from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessor,
)

from bench.tiny_families.text_encoders import WIDTH

_SIDE = 32


def clip_image_encoder(*, projection: int = WIDTH) -> CLIPVisionModelWithProjection:
    config = CLIPVisionConfig(
        hidden_size=WIDTH,
        projection_dim=projection,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=_SIDE,
        patch_size=8,
    )
    return CLIPVisionModelWithProjection(config)


def clip_image_processor() -> CLIPImageProcessor:
    return CLIPImageProcessor(size={"shortest_edge": _SIDE}, crop_size={"height": _SIDE, "width": _SIDE})


def depth_estimator() -> DPTForDepthEstimation:
    config = DPTConfig(
        is_hybrid=False,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=32,
        image_size=_SIDE,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[16, 16, 32, 32],
        fusion_hidden_size=16,
    )
    return DPTForDepthEstimation(config)


def depth_image_processor() -> DPTImageProcessor:
    return DPTImageProcessor(size={"height": _SIDE, "width": _SIDE})
