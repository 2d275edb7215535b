"""Put a LoRA's layers into a pipeline's modules, take them out again, and choose the active ones.

Everything here changes modules that jobs call: use it only while no job calls them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, PeftConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer

from worker.rendering.adapters.find_layers import list_text_encoders
from worker.rendering.adapters.layer_weights import LayerWeights
from worker.rendering.adapters.read_lora import Layers
from worker.rendering.adapters.thread_safe_modules import make_thread_safe
from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.modules.list_denoisers import list_denoisers


def inject(pipeline: Any, layers: Layers, name: str) -> None:
    """Put the layers into the modules under that name, inactive. After an error the modules are as they were."""
    modules = list_adapted(pipeline)
    try:
        for component, adapted in layers.items():
            for group in _group_by_kind(adapted):
                _inject_alike(modules[component], group, name)
    except BaseException:
        eject(pipeline, name)
        raise
    for module in modules.values():
        layers_here = list_layers(module)
        switch(layers_here, ())
        for layer in layers_here:
            make_thread_safe(layer)


def eject(pipeline: Any, name: str) -> None:
    """Take the layers of that name out. Modules without any adapter left are as they were at first."""
    for module in list_adapted(pipeline).values():
        for layer in list_layers(module):
            layer.delete_adapter(name)
        _take_out_empty_layers(module)
        named = getattr(module, "peft_config", None) or {}
        named.pop(name, None)
        if not named and hasattr(module, "peft_config"):
            del module.peft_config
        # peft activates another adapter in place of an active one.
        activate(module, ())


def activate(module: Any, adapters: AdapterSet) -> None:
    """Activate these of the module's adapters, each with its scale, and no others."""
    switch(list_layers(module), adapters)


def switch(layers: Sequence[Any], adapters: AdapterSet) -> None:
    """The same as `activate`, for layers that were listed before."""
    for layer in layers:
        here = [name for name, _ in adapters if name in layer.scaling]
        # A layer without active adapters computes exactly what its original computes. peft's own methods are not used: they
        # also set up gradients, which takes longer than a forward on a fast GPU.
        layer._disable_adapters = not here  # noqa: SLF001
        if here:
            # A DoRA changes what the layer computes, so it must come before the LoRAs that add to it.
            variants = getattr(layer, "lora_variant", {})
            layer._active_adapter = sorted(here, key=lambda name: name not in variants)  # noqa: SLF001
            for name, scale in adapters:
                layer.set_scale(name, scale)


def weigh(pipeline: Any, name: str) -> int:
    """The bytes of the weights of the LoRA of that name."""
    weights: dict[int, torch.Tensor] = {}
    for module in list_adapted(pipeline).values():
        for layer in list_layers(module):
            held = [getattr(layer, kind, {}) for kind in layer.adapter_layer_names]
            found = [by_name[name] for by_name in held if name in by_name]
            for item in found:
                weights |= {
                    id(one): one for one in (item.parameters() if isinstance(item, torch.nn.Module) else [item])
                }
    return sum(weight.numel() * weight.element_size() for weight in weights.values())


def list_layers(module: torch.nn.Module) -> list[Any]:
    """The layers of the module that have or had adapters."""
    return [layer for layer in module.modules() if isinstance(layer, BaseTunerLayer)]


def choose_present(module: Any, adapters: AdapterSet) -> AdapterSet:
    """Those of the adapters that have layers in the module."""
    named = getattr(module, "peft_config", None) or {}
    return tuple((name, scale) for name, scale in adapters if name in named)


def list_adapted(pipeline: Any) -> dict[str, Any]:
    """Every module that a LoRA can have layers in, by its name in the pipeline."""
    return {**list_denoisers(pipeline), **list_text_encoders(pipeline)}


def _group_by_kind(layers: Mapping[str, LayerWeights]) -> list[dict[str, LayerWeights]]:
    """Layers for which peft has the same configuration."""
    groups: dict[Any, dict[str, LayerWeights]] = defaultdict(dict)
    for path, layer in layers.items():
        groups[layer.kind, layer.is_dora, layer.has_bias][path] = layer
    return list(groups.values())


def _inject_alike(module: torch.nn.Module, layers: Mapping[str, LayerWeights], name: str) -> None:
    """Let peft build layers of the smallest size, and give them the file's tensors and ranks, which vary from layer to layer."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    inject_adapter_in_model(_configure(layers), module, name, low_cpu_mem_usage=True)
    # peft freezes the module's own weights, and torch multiplies by frozen ones in another way: a plain job's last bits
    # would change.
    for parameter in trained:
        parameter.requires_grad_(True)
    for path, weights in layers.items():
        layer: Any = module.get_submodule(path)
        if weights.kind == "lora":
            _fill_lora(layer, weights, name)
        else:
            _fill_lycoris(layer, weights, name)
        layer.set_scale(name, 1.0)
        layer._move_adapter_to_device_of_base_layer(name)  # noqa: SLF001  (and to its dtype)


def _configure(layers: Mapping[str, LayerWeights]) -> PeftConfig:
    # A pattern, because peft compares texts of a list with the ends of names.
    targets = "|".join(map(re.escape, layers))
    like = next(iter(layers.values()))
    match like.kind:
        case "lora":
            return LoraConfig(
                r=1,
                lora_alpha=1,
                target_modules=targets,
                use_dora=like.is_dora,
                lora_bias=like.has_bias,
                inference_mode=True,
            )
        case "loha":
            return LoHaConfig(r=1, alpha=1, target_modules=targets, inference_mode=True)
        case "lokr":
            return LoKrConfig(r=1, alpha=1, target_modules=targets, inference_mode=True)


def _fill_lora(layer: Any, weights: LayerWeights, name: str) -> None:
    parts = {part: _parameter(tensor) for part, tensor in weights.parts.items()}
    layer.lora_A[name].weight = parts["lora_A"]
    layer.lora_B[name].weight = parts["lora_B"]
    if weights.has_bias:
        layer.lora_B[name].bias = parts["lora_B.bias"]
    if weights.is_dora:
        layer.lora_magnitude_vector[name].weight = parts["magnitude"]
    layer.r[name], layer.lora_alpha[name] = weights.rank, weights.alpha


def _fill_lycoris(layer: Any, weights: LayerWeights, name: str) -> None:
    for part in layer.adapter_layer_names:
        tensors = getattr(layer, part)
        if name in tensors:
            del tensors[name]
        if part in weights.parts:
            tensors[name] = _parameter(weights.parts[part])
    layer.r[name], layer.alpha[name] = weights.rank, weights.alpha


def _parameter(tensor: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(tensor, requires_grad=False)


def _take_out_empty_layers(module: torch.nn.Module) -> None:
    """Put the original layer back wherever no adapter is left. Kinds of adapters are nested, each around the one before."""
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            kept: Any = child
            while _is_empty(kept):
                kept = kept.base_layer
            if kept is not child:
                setattr(parent, name, kept)


def _is_empty(layer: Any) -> bool:
    adapters: Any = getattr(layer, "scaling", None)
    return isinstance(layer, BaseTunerLayer) and not adapters
