"""A LoRA's file, checked before it is loaded into a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from worker.rendering.errors import ModelUnavailable

#: The endings of the names of a layer's first matrix, after diffusers has converted the file's format.
_FIRST_MATRIX = ("lora_A.weight", ".down.weight")


@dataclass(frozen=True)
class LoraFile:
    """One safetensors file with low-rank matrices."""

    id: str
    path: Path
    #: In hexadecimal.
    sha256: str


#: Returns the file of the LoRA with that id. Raises ModelUnavailable.
GetLora = Callable[[str], LoraFile]


def count_layers(pipeline: Any, file: LoraFile) -> int:
    """The number of layers that the file adapts. Raises ModelUnavailable, and leaves the pipeline unchanged, if the file is
    broken, is not safetensors, is not a LoRA, or is clearly made for another model.
    """
    if not hasattr(pipeline, "lora_state_dict"):
        raise refuse(file, f"{type(pipeline).__name__} takes no LoRAs")
    try:
        with safe_open(file.path, framework="pt") as content:
            names = list(content.keys())
    except (SafetensorError, OSError) as error:
        raise refuse(file, "the file is broken, or no safetensors file") from error
    if any("dora_scale" in name or "lora_magnitude_vector" in name for name in names):
        raise refuse(file, "it is a DoRA, of which diffusers would leave half out")

    weights = _read(pipeline, file)
    if stray := [name for name in weights if "lora" not in name]:
        # For some families diffusers would write such weights over the model's own.
        raise refuse(file, f"it holds more than low-rank matrices, such as {stray[0]}")
    _compare_sizes(pipeline, file, weights)
    return sum(name.endswith(_FIRST_MATRIX) for name in weights)


def refuse(file: LoraFile, reason: str) -> ModelUnavailable:
    """The error for a LoRA that cannot be used; it names the LoRA."""
    return ModelUnavailable(f"The LoRA {file.id!r} could not be loaded on this worker: {reason}.")


def read_options(file: LoraFile) -> dict[str, Any]:
    """The options that make diffusers read this file and nothing else."""
    return {"weight_name": file.path.name, "local_files_only": True, "use_safetensors": True}


def _read(pipeline: Any, file: LoraFile) -> Mapping[str, torch.Tensor]:
    unet = getattr(pipeline, "unet", None)
    hints = {} if unet is None else {"unet_config": unet.config}
    try:
        read = pipeline.lora_state_dict(str(file.path.parent), **read_options(file), **hints)
    except Exception as error:  # a format that diffusers cannot convert can fail in any way
        raise refuse(file, "diffusers does not know its format") from error
    weights: Mapping[str, torch.Tensor] = read[0] if isinstance(read, tuple) else read
    return weights


def _compare_sizes(pipeline: Any, file: LoraFile, weights: Mapping[str, torch.Tensor]) -> None:
    # If they differ, diffusers does not refuse, but makes the own layers of some models larger.
    for name, matrix in weights.items():
        component, _, place = name.partition(".")
        if not place.endswith(".lora_A.weight"):
            continue
        try:
            layer = pipeline.components[component].get_submodule(place.removesuffix(".lora_A.weight"))
        except (KeyError, AttributeError):
            continue
        width = getattr(layer, "in_features", None)
        if width is not None and matrix.shape[1] != width:
            raise refuse(
                file, f"it was made for another model: {place} has {matrix.shape[1]} inputs instead of {width}"
            )
