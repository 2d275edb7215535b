"""Read a LoRA's file: which layers of the model it adapts, and with what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from worker.rendering.adapters.adapter_settings import read_settings
from worker.rendering.adapters.find_layers import LayerFinder, get_weight
from worker.rendering.adapters.layer_weights import (
    LayerWeights,
    Unusable,
    build_layer,
    fit_layer,
    swap_halves,
    take_rows,
)
from worker.rendering.adapters.lora_file import LoraFile, refuse
from worker.rendering.adapters.tensor_names import parse_tensor_name

#: The layers of each of a pipeline's modules, by name.
Layers = dict[str, dict[str, LayerWeights]]

#: Parts of names that only other kinds of adapters have.
_OTHER_KINDS = {
    "oft_": "an OFT",
    "boft_": "a BOFT",
    ".a1.weight": "a GLoRA",
    "ia3_": "an (IA)3",
    ".on_input": "an (IA)3",
    "vera_": "a VeRA",
    "lora_controlnet": "a Control-LoRA",
}


def read_lora(pipeline: Any, file: LoraFile) -> Layers:
    """What the file does to the pipeline's modules. Raises ModelUnavailable, with the reason, if the file is broken, is no LoRA of
    a kind that peft has, or was made for another model. The pipeline is not changed.
    """
    tensors, header = _open(file)
    parts = _group(file, tensors)
    finder = LayerFinder(pipeline)
    found = {name: finder.find(name) for name in parts}
    if missing := [name for name, layers in found.items() if not layers]:
        fit = len(found) - len(missing)
        raise refuse(
            file, f"it was made for another model: {fit} of its {len(found)} layers fit, and there is no {missing[0]}"
        )

    layers: Layers = defaultdict(dict)
    for name, places in found.items():
        settings = read_settings(header, file.settings, places[0].component)
        if settings.changes_the_model:
            raise refuse(
                file, f"it needs a model changed by {settings.changes_the_model}: convert it to a plain LoRA first"
            )
        try:
            whole = build_layer(parts[name], partial(settings.find_alpha, places[0].path))
            for place in places:
                layer = whole if place.rows is None else take_rows(whole, place.rows)
                layer = swap_halves(layer) if place.is_swapped else layer
                if place.path in layers[place.component]:
                    raise Unusable(f"is for {place.path}, as another one is")
                layers[place.component][place.path] = fit_layer(layer, get_weight(finder.get_module(place)))
        except Unusable as error:
            raise refuse(file, f"its layer {name} {error}") from error
    return layers


def _open(file: LoraFile) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(file.path, framework="pt") as content:
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118  (it is no dict)
            return tensors, content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise refuse(file, "the file is broken, or no safetensors file") from error


def _group(file: LoraFile, tensors: Mapping[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """The parts of each of the file's layers."""
    parts: dict[str, dict[str, torch.Tensor]] = defaultdict(dict)
    for name, tensor in tensors.items():
        parsed = parse_tensor_name(name)
        if parsed is not None:
            parts[parsed.layer][parsed.part] = tensor
        elif not _is_without_effect(name, tensor):
            raise refuse(file, _explain(name))
    if not any(set(each) - {"alpha"} for each in parts.values()):
        raise refuse(file, "it holds no adapter")
    return parts


def _is_without_effect(name: str, tensor: torch.Tensor) -> bool:
    # ComfyUI also saves the differences that training did not make.
    return name.endswith((".diff", ".diff_b")) and not tensor.any()


def _explain(name: str) -> str:
    if "bundle_emb" in name or name.endswith("emb_params"):
        return f"it holds words of its own (a textual inversion), such as {name}"
    for part, kind in _OTHER_KINDS.items():
        if part in name:
            return f"it is {kind}, which is not loaded here: it holds {name}"
    return f"it holds more than low-rank matrices, such as {name}"
