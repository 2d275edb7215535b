"""Tiny pipelines of every family, called as a job calls them."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, DiffusionPipeline, StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image

from bench.tiny_families import FAMILIES
from bench.tiny_families.family import SIDE, Family
from tests.conftest import REPOSITORY

#: Of a render, unless the test changes it: a first one and another.
STEPS = 2


@dataclass(frozen=True)
class Loaded:
    """A family's pipeline, loaded from its folder."""

    family: Family
    pipeline: Any

    def take_copy(self) -> Any:
        """A pipeline object for one job, with shared components and its own scheduler."""
        copied = copy.copy(self.pipeline)
        copied.scheduler = type(self.pipeline.scheduler).from_config(self.pipeline.scheduler.config)
        return copied

    def draw(self, pipeline: Any, prompt: str, **changes: Any) -> NDArray[np.float32]:
        """Pictures [images, height, width, 3] by an unmodified call of the pipeline object."""
        accepted = inspect.signature(pipeline.__call__).parameters
        call = {
            "prompt": prompt,
            "negative_prompt": "blurry",
            "width": SIDE,
            "height": SIDE,
            "num_inference_steps": STEPS,
            self.family.guidance: 4.0,
            "generator": [torch.Generator().manual_seed(1)],
            "output_type": "np",
            **self.family.call,
            **changes,
        }
        if self.family.control:
            call["control_image" if "control_image" in accepted else "image"] = Image.new("RGB", (SIDE, SIDE), "red")
        with torch.inference_mode():
            output = pipeline(**{name: value for name, value in call.items() if name in accepted})
        return np.asarray(output.images, dtype=np.float32)


#: Loads a family by its id: the same pipeline each time.
Load = Callable[[str], Loaded]


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Loads families by their ids, built at their first use; `picturebook` is the model that ships, and `untiled` it with an
    autoencoder of 4 pixels for a latent, which diffusers' tiling does not support.
    """
    loaded: dict[str, Loaded] = {}

    def load_family(family_id: str) -> Loaded:
        if family_id not in loaded:
            family = FAMILIES.get(family_id) or Family(family_id, "StableDiffusionPipeline", assemble=pytest.fail)
            folder = REPOSITORY / "demo_model/weights"
            if family_id in FAMILIES:
                folder = tmp_path_factory.mktemp(family_id)
                family.build(folder)
            pipeline = DiffusionPipeline.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
            )
            if family_id == "untiled":
                pipeline = _with_untiled_autoencoder(pipeline)
            pipeline.set_progress_bar_config(disable=True)
            loaded[family_id] = Loaded(family, pipeline)
        return loaded[family_id]

    return load_family


def _with_untiled_autoencoder(pipeline: Any) -> StableDiffusionPipeline:
    """Its weights are random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        autoencoder = AutoencoderTiny(
            encoder_block_out_channels=(8,) * 3,
            decoder_block_out_channels=(8,) * 3,
            num_encoder_blocks=(1,) * 3,
            num_decoder_blocks=(1,) * 3,
        )
    return StableDiffusionPipeline(**pipeline.components | {"vae": autoencoder}, requires_safety_checker=False)
