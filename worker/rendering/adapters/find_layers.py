"""Find the layers of a pipeline's modules by the names that files of LoRAs have for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer

from worker.rendering.adapters.original_names import list_original_names
from worker.rendering.modules.list_denoisers import list_denoisers

#: What may stand before everything else: peft's wrapper, and the module that the first implementation had the denoiser in.
_WRAPPERS = ("base_model.model.", "model.diffusion_model.", "diffusion_model.", "conditional_transformer.")
#: Beginnings of names of the denoiser's layers. Those with an underscore have underscores throughout.
_DENOISER = ("lora_unet_", "lora_transformer_", "lora_prior_unet_", "lycoris_unet_", "lycoris_transformer_", "lycoris_")
#: The same of text encoders: of the first CLIP, of the second, and of one that is no CLIP.
_ENCODERS = {
    "clip_l": ("lora_te_", "lora_te1_", "lycoris_te_", "lycoris_te1_", "text_encoders.clip_l.transformer.", "clip_l."),
    "clip_g": ("lora_te2_", "lycoris_te2_", "text_encoders.clip_g.transformer.", "clip_g."),
    "other": (
        "lora_te_",
        "lora_te1_",
        "lora_te2_",
        "lora_te3_",
        "lycoris_te_",
        "text_encoders.t5xxl.transformer.",
        "t5.",
    ),
}
#: The end of a layer's name before diffusers used peft, and today.
_OLD_ENDS = {".to_out": ".to_out.0"}
_OLD_ENCODER_ENDS = {f".to_{each}": f".{each}_proj" for each in ("q", "k", "v", "out")}


@dataclass(frozen=True)
class FoundLayer:
    """A layer, or a part of a fused one."""

    #: The module's name in the pipeline.
    component: str
    #: The layer's name in the module.
    path: str
    #: Its outputs among those of the file's layer; None if they are all the same.
    rows: slice | None = None
    #: The file has the two halves of its outputs the other way round.
    is_swapped: bool = False


class LayerFinder:
    """The layers of one pipeline, by every name that a file may use."""

    def __init__(self, pipeline: Any) -> None:
        self._denoisers = list_denoisers(pipeline)
        self._encoders = list_text_encoders(pipeline)
        self._modules = {**self._denoisers, **self._encoders}
        self._names = {name: _name_layers(each) for name, each in self._modules.items()}

    def find(self, name: str) -> tuple[FoundLayer, ...]:
        """The layer of that name in a file; several if it is fused there. Empty if the pipeline has none."""
        for component, path in self._read(name):
            names = self._names[component]
            for spelling in _spell(path, is_encoder=component in self._encoders):
                if found := names.get(spelling) or names.get(spelling.replace(".", "_")):
                    return tuple(FoundLayer(component, *each) for each in found)
        return ()

    def get_module(self, found: FoundLayer) -> Any:
        """The layer's module."""
        return self._modules[found.component].get_submodule(found.path)

    def _read(self, name: str) -> Iterator[tuple[str, str]]:
        """The component and the layer that the name may mean, the likeliest first."""
        bare = _unwrap(name)
        for component in self._names:
            if bare.startswith(f"{component}."):
                yield component, _unwrap(bare.removeprefix(f"{component}."))
        for kind, beginnings in _ENCODERS.items():
            for beginning in beginnings:
                if bare.startswith(beginning):
                    yield from ((each, bare.removeprefix(beginning)) for each in self._list_encoders(kind))
        for beginning in _DENOISER:
            if bare.startswith(beginning):
                yield from ((each, bare.removeprefix(beginning)) for each in self._denoisers)
        yield from ((each, bare) for each in self._names)

    def _list_encoders(self, kind: str) -> list[str]:
        clips = [name for name, each in self._encoders.items() if "CLIP" in type(each).__name__]
        if kind == "other":
            return [name for name in self._encoders if name not in clips]
        return clips[:1] if kind == "clip_l" else clips[1:2]


def list_text_encoders(pipeline: Any) -> dict[str, Any]:
    """The text encoders by their names in the pipeline."""
    return {
        name: component
        for name, component in pipeline.components.items()
        if name.startswith("text_encoder") and isinstance(component, torch.nn.Module)
    }


_Rows = tuple[str, slice | None, bool]


def _name_layers(module: torch.nn.Module) -> dict[str, tuple[_Rows, ...]]:
    """Every name of the module's layers, with full stops or with underscores."""
    layers = dict(_walk(module))
    names: dict[str, tuple[_Rows, ...]] = {}
    config = getattr(module, "config", None)
    per_block = getattr(config, "layers_per_block", None) if hasattr(config, "down_block_types") else None
    for original in list_original_names(layers, layers_per_block=per_block):
        found = tuple(_divide(original.layers, layers, is_swapped=original.is_swapped))
        # Of two first names for a layer the one that the model has is right, and it has only one of them.
        names |= {original.name: found, original.name.replace(".", "_"): found}
    for path in layers:
        names |= {path: ((path, None, False),), path.replace(".", "_"): ((path, None, False),)}
    return names


def _divide(parts: tuple[str, ...], layers: dict[str, Any], *, is_swapped: bool) -> Iterable[_Rows]:
    if len(parts) == 1:
        return [(parts[0], None, is_swapped)]
    found, start = [], 0
    for part in parts:
        end = start + get_weight(layers[part]).shape[0]
        found.append((part, slice(start, end), False))
        start = end
    return found


def get_weight(layer: Any) -> torch.Tensor:
    """The layer's own weight [outputs, inputs, …], whether it has adapters or not."""
    own: Any = layer.get_base_layer() if isinstance(layer, BaseTunerLayer) else layer
    weight: torch.Tensor = own.weight
    return weight


def _walk(module: torch.nn.Module, path: str = "") -> Iterator[tuple[str, Any]]:
    """The linear and convolutional layers by name. What peft has put into a layer counts as that layer."""
    for name, child in module.named_children():
        here = f"{path}.{name}" if path else name
        if isinstance(child, (BaseTunerLayer, torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)):
            yield here, child
        else:
            yield from _walk(child, here)


def _unwrap(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _spell(path: str, *, is_encoder: bool) -> Iterator[str]:
    """The layer's name as it is written, and as it would be written today."""
    yield path
    path = path.replace(".processor.", ".")
    for old, new in (_OLD_ENCODER_ENDS if is_encoder else _OLD_ENDS).items():
        if path.endswith(old):
            path = path.removesuffix(old) + new
    yield path
    if is_encoder:
        # transformers has taken a level out of CLIP's modules; other models still have it.
        yield path.removeprefix("text_model.").removeprefix("text_model_")
        yield f"text_model.{path}"
