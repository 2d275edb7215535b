"""Every safety checker of diffusers is heard, whatever its pipeline makes of what it finds."""

from __future__ import annotations

import inspect
import re
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler, DiffusionPipeline, StableDiffusionUpscalePipeline

from bench.tiny_families import FAMILIES
from tests.rendering.content_filters.checkers import build_extractor, build_if_checker
from worker.rendering.images.content_filter import ContentFilter, watch_content_filter

#: Nvidia's guardrails, whose checker is foreign code: it refuses texts, and blurs faces instead of withholding pictures.
_GUARDRAILS = "Cosmos"


@pytest.mark.parametrize("finding", ["unsafe", "watermark"])
@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_what_deepfloyd_finds(kind: str, finding: str) -> None:
    """Unsafe content and watermarks are withheld, in arrays and in tensors, and what is returned is black."""
    checker = build_if_checker(unsafe=finding == "unsafe", watermark=finding == "watermark")
    content_filter = ContentFilter(checker)
    images: Any = np.ones((2, 8, 8, 3)) if kind == "array" else torch.ones(2, 3, 8, 8)

    checked, unsafe, watermark = content_filter(images=images, clip_input=torch.zeros(2, 3, 32, 32))

    assert content_filter.withheld == [0, 1]
    assert (unsafe, watermark) == ([finding == "unsafe"] * 2, [finding == "watermark"] * 2)
    assert not checked.any()


def test_a_pipeline_that_drops_the_finding() -> None:
    """The x4 upscaler drops what its checker says of watermarks, and is heard all the same."""
    components = FAMILIES["sd15"].assemble().components
    components["vae"].register_to_config(scaling_factor=0.08333)
    checked = {
        "safety_checker": build_if_checker(unsafe=False, watermark=True),
        "feature_extractor": build_extractor(),
        "low_res_scheduler": DDPMScheduler(),
    }
    pipeline = StableDiffusionUpscalePipeline(**{k: v for k, v in components.items() if k != "image_encoder"} | checked)
    content_filter = watch_content_filter(pipeline)

    pipeline.run_safety_checker(torch.ones(2, 3, 64, 64), torch.device("cpu"), torch.float32)

    assert content_filter.withheld == [0, 1]


def test_a_pipeline_without_a_checker() -> None:
    """Nothing is put in its place, and nothing is withheld."""
    pipeline = FAMILIES["sd15"].assemble()

    assert watch_content_filter(pipeline).withheld == []
    assert pipeline.safety_checker is None


@pytest.mark.slow
def test_every_pipeline_asks_its_checker_in_the_same_way() -> None:
    """A pipeline of diffusers that asks in another way fails this test, with its name."""
    others = []
    for name in dir(diffusers):
        if name.startswith(("Onnx", "Flax", _GUARDRAILS)) or not name.endswith("Pipeline"):
            continue
        pipeline_class = getattr(diffusers, name)
        if not inspect.isclass(pipeline_class) or not issubclass(pipeline_class, DiffusionPipeline):
            continue
        if "safety_checker" not in inspect.signature(pipeline_class.__init__).parameters:
            continue
        calls = re.findall(r"self\.safety_checker\((.*?)\n *\)", inspect.getsource(pipeline_class), re.DOTALL)
        others += [name for call in calls if "images=" not in call or "clip_input=" not in call]
    assert others == []
