"""Tiny models with LoRAs of random weights, in a folder with a models file, as an operator would lay them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from numpy.typing import NDArray
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import save_file

from bench.models_file import write_section
from bench.tiny_families.every import EVERY_FAMILY
from core.catalog import load_catalog
from worker.rendering.drawing import Drawing
from worker.rendering.models import Models
from worker.rendering.prompts import PromptCache
from worker.rendering.render import RenderedImages, render_images
from worker.rendering.watch_steps import StepEnd

_LORA = """
[loras."{id}"]
source = "{file}"
models = {models}
licence = "Apache-2.0"
commercial_use = true
"""

_LAYERS = ["to_q", "to_k", "to_v", "to_out.0"]
_ENCODER_LAYERS = ["q_proj", "k_proj", "v_proj", "out_proj"]

#: The LoRAs of a request: ids and scales.
Loras = Sequence[tuple[str, float]]


class ModelFolder:
    """The models of a folder and their LoRAs."""

    def __init__(self, folder: Path, models: Mapping[str, str]) -> None:
        """`models`: from ids to families."""
        self.path = folder
        self._models_file = "".join(write_section(id_, family) for id_, family in models.items())
        self._families = dict(models)
        self._plain: dict[str, DiffusionPipeline] = {}
        for family in set(models.values()):
            if not (folder / family).exists():
                EVERY_FAMILY[family].build(folder / family)

    def make_lora(self, name: str, family: str, *, seed: int, encoders: bool = False, rank: int = 4) -> Path:
        """A LoRA that changes the picture, written by diffusers."""
        pipeline = self.plain(family)
        denoiser = "unet" if hasattr(pipeline, "unet") else "transformer"
        parts = {denoiser: _LAYERS}
        if encoders:
            parts |= {part: _ENCODER_LAYERS for part in pipeline.components if part.startswith("text_encoder")}
        weights = {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for part, layers in parts.items():
                module = getattr(pipeline, part)
                module.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=layers, init_lora_weights=False))
                found = get_peft_model_state_dict(module, adapter_name="default")
                weights[f"{part}_lora_layers"] = {key: 0.2 * torch.randn_like(value) for key, value in found.items()}
        pipeline.save_lora_weights(self.path, weight_name=f"{name}.safetensors", **weights)
        return self.path / f"{name}.safetensors"

    def write_lora(self, name: str, tensors: Mapping[str, torch.Tensor], **options: Any) -> None:
        """A file of these tensors, in place of an earlier one of that name, which may still be in use."""
        written = self.path / f"{name}.written"
        save_file({key: each.contiguous() for key, each in tensors.items()}, written, **options)
        written.replace(self.path / f"{name}.safetensors")

    def plain(self, family: str) -> Any:
        """diffusers' own pipeline of a family: a copy, which the caller may change."""
        return deepcopy(self.shared(family))

    def shared(self, family: str) -> Any:
        """The same, once for all callers: each leaves it as it was."""
        if family not in self._plain:
            self._plain[family] = DiffusionPipeline.from_pretrained(self.path / family)
            self._plain[family].set_progress_bar_config(disable=True)
        return self._plain[family]

    def open(self, loras: Mapping[str, Sequence[str]], *, most_kept: int | None = None) -> Models:
        """The models as a worker has them. `loras`: from ids, which are also the files' names, to the models that they fit."""
        sections = [_LORA.format(id=id_, file=f"{id_}.safetensors", models=list(fit)) for id_, fit in loras.items()]
        (self.path / "models.toml").write_text(self._models_file + "".join(sections))
        models = Models(load_catalog(self.path / "models.toml"), device="cpu", budget_bytes=2**31)
        if most_kept is not None:
            for model_id in self._families:
                models.load(model_id).adapters._most_kept = most_kept
        return models


def request(family: str, loras: Loras = (), **changes: Any) -> dict[str, Any]:
    """The request of a small picture."""
    return {
        "prompt": "a red mug on a table",
        "width": 64,
        "height": 64,
        "num_inference_steps": 4,
        EVERY_FAMILY[family].guidance: 3.0,
        "scheduler": "own",
        **EVERY_FAMILY[family].call,
        "loras": [{"id": id_, "scale": scale} for id_, scale in loras],
        **changes,
    }


class Render:
    """A render and its latents after the last step."""

    def __init__(
        self, models: Models, model_id: str, wanted: dict[str, Any], *, cache: PromptCache | None = None, **options: Any
    ) -> None:
        ends: list[StepEnd] = []
        on_step = options.pop("on_step", lambda _end: None)

        def note_end(end: StepEnd) -> None:
            ends.append(end)
            on_step(end)

        drawing = Drawing(wanted, seeds=[7])
        self.job = drawing.job
        with models.use(model_id) as model:
            self.rendered: RenderedImages = render_images(
                model, drawing, on_step=note_end, prompt_cache=cache, **options
            )
        self.latents = ends[-1].latents
        self.pixels: NDArray[Any] = np.asarray(self.rendered.images[0])


def draw_plainly(pipeline: Any, wanted: dict[str, Any]) -> torch.Tensor:
    """The latents of diffusers alone, with the adapters that are set."""
    kept: list[torch.Tensor] = []

    def keep(_pipeline: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        kept.append(tensors["latents"])
        return {}

    settings = {name: value for name, value in wanted.items() if name not in ("scheduler", "loras")}
    with torch.inference_mode():
        pipeline(**settings, generator=torch.Generator("cpu").manual_seed(7), callback_on_step_end=keep)
    return kept[-1]


def difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference, as a share of the range."""
    return float((one - other).abs().max() / (one.max() - one.min()))
