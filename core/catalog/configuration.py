"""What a model's own folder says of its components: as far as it decides what the model's parameters can do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

#: The files that are read, by the component that each of them configures; the pipeline itself is the empty name.
_FILES = {
    "": "model_index.json",
    "scheduler": "scheduler/scheduler_config.json",
    **{
        name: f"{name}/config.json"
        for name in ("text_encoder", "text_encoder_2", "unet", "transformer", "vae", "vqvae")
    },
}

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class ModelConfiguration:
    """The configurations of a model's components. What is not known is absent, and decides nothing."""

    components: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def get(self, component: str, name: str) -> Any:
        """The value of a component's configuration ("" is the pipeline's own); None if it is not known."""
        return self.components.get(component, _NOTHING).get(name)

    def is_without(self, component: str) -> bool:
        """Whether the pipeline is known to leave the component out, as a Stable Diffusion 3 without its T5 does."""
        index = self.components.get("", _NOTHING)
        return component in index and not (index[component] or [None])[0]

    def most_clip_skip(self, pipeline_class: str) -> int | None:
        """The most layers that `clip_skip` can leave out with this pipeline class; None if it is not known."""
        # Where there are two CLIP encoders, the pipeline counts from the last layer but one, and in both of them.
        counts_from_last_but_one = pipeline_class.startswith(("StableDiffusionXL", "StableDiffusion3"))
        names = ("text_encoder", "text_encoder_2") if counts_from_last_but_one else ("text_encoder",)
        layers = [count for name in names if isinstance(count := self.get(name, "num_hidden_layers"), int)]
        return min(layers) - counts_from_last_but_one if layers else None

    @property
    def most_class_label(self) -> int | None:
        """The number of the model's last class; None if it has none, or if that is not known."""
        counts = (self.get("unet", "num_class_embeds"), self.get("transformer", "num_embeds_ada_norm"))
        return next((count - 1 for count in counts if isinstance(count, int)), None)

    @property
    def own_size(self) -> tuple[int, int] | None:
        """Width and height, in pixels, of the pictures that the model was made for; None if that is not known."""
        sizes = (self.get(name, "sample_size") for name in ("unet", "transformer"))
        size = next((size for size in sizes if size is not None), None)
        height, width = size if isinstance(size, list) else (size, size)
        if not isinstance(height, int) or not isinstance(width, int):
            return None
        blocks = next((found for name in ("vae", "vqvae") if (found := self.get(name, "block_out_channels"))), [None])
        # Each block of an autoencoder but the last halves the sides.
        scale = 2 ** (len(blocks) - 1)
        return width * scale, height * scale

    @property
    def least_steps(self) -> int:
        """The fewest steps of the model's schedule: one that is stretched to end at a given noise has a beginning and an end."""
        return 2 if self.get("scheduler", "shift_terminal") else 1


def read_configuration(folder: Path) -> ModelConfiguration:
    """What is known of the model in the folder; nothing if it is not there. Read once: a revision does not change."""
    try:
        return _read(folder)
    except (OSError, ValueError):
        return ModelConfiguration()


@lru_cache(maxsize=256)
def _read(folder: Path) -> ModelConfiguration:
    # Without its index the folder is not there yet: that is not remembered.
    components = {"": _read_json(folder / _FILES[""])}
    for component, file in _FILES.items():
        path = folder / file
        if component and path.is_file():
            components[component] = _read_json(path)
    return ModelConfiguration(components)


def _read_json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}
