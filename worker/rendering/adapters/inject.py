"""Put a LoRA's layers into a pipeline's modules, take them out again, and choose the active ones.

Everything here changes modules that jobs call: use it only while no job calls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.utils.peft_utils import delete_adapter_layers, recurse_remove_peft_layers
from peft.tuners.tuners_utils import BaseTunerLayer

from worker.rendering.adapters.lora_file import LoraFile, read_options, refuse
from worker.rendering.adapters.thread_safe_modules import make_thread_safe
from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.device_errors import is_out_of_memory
from worker.rendering.modules.list_denoisers import list_denoisers


def inject(pipeline: Any, file: LoraFile, name: str, *, layers: int) -> None:
    """Load the file under that name, inactive. Raises ModelUnavailable, and leaves the modules as they were, unless each of
    its `layers` fits.
    """
    try:
        pipeline.load_lora_weights(str(file.path.parent), adapter_name=name, **read_options(file))
        found = sum(_count(module, name) for module in list_adapted(pipeline).values())
        if found < layers or layers == 0:
            raise refuse(file, f"it was made for another model: {found} of its {layers} layers fit")
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        eject(pipeline, name)
        if is_out_of_memory(error):
            raise
        raise refuse(file, "it was made for another model: its layers do not fit") from error
    except BaseException:
        eject(pipeline, name)
        raise
    for module in list_adapted(pipeline).values():
        layers_here = list_layers(module)
        switch(layers_here, ())
        for layer in layers_here:
            make_thread_safe(layer)


def eject(pipeline: Any, name: str) -> None:
    """Take the layers of that name out. Without any adapter left, the modules are as they were at first."""
    for module in list_adapted(pipeline).values():
        delete_adapter_layers(module, name)
        named = getattr(module, "peft_config", None) or {}
        named.pop(name, None)
        if not named and list_layers(module):
            recurse_remove_peft_layers(module)
        if not named and hasattr(module, "peft_config"):
            del module.peft_config
            module._hf_peft_config_loaded = False  # noqa: SLF001  (as diffusers and transformers do)
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
            layer._active_adapter = here  # noqa: SLF001
            for name, scale in adapters:
                layer.set_scale(name, scale)


def list_layers(module: torch.nn.Module) -> list[Any]:
    """The layers of the module that have or had adapters."""
    return [layer for layer in module.modules() if isinstance(layer, BaseTunerLayer)]


def choose_present(module: Any, adapters: AdapterSet) -> AdapterSet:
    """Those of the adapters that have layers in the module."""
    named = getattr(module, "peft_config", None) or {}
    return tuple((name, scale) for name, scale in adapters if name in named)


def list_text_encoders(pipeline: Any) -> dict[str, Any]:
    """The text encoders by their names in the pipeline."""
    return {
        name: component
        for name, component in pipeline.components.items()
        if name.startswith("text_encoder") and isinstance(component, torch.nn.Module)
    }


def list_adapted(pipeline: Any) -> dict[str, Any]:
    """Every module that a LoRA can have layers in, by its name in the pipeline."""
    return {**list_denoisers(pipeline), **list_text_encoders(pipeline)}


def _count(module: torch.nn.Module, name: str) -> int:
    return sum(name in getattr(layer, "lora_A", {}) for layer in list_layers(module))
