"""The modules that a pipeline calls at every step, found by what they are: a new family needs no line here."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from diffusers import ModelMixin

#: Part of the name of the argument that says how much noise the input has. A module that is called at every step has one, since
#: its answer depends on the step; one that is called once for each job (an encoder, a projection, a T2I adapter) has not, and
#: what it returns may be used by all steps.
_NOISE_LEVEL = "timestep"

#: The same in models that name it as the paper does: Z-Image and Wuerstchen.
_SHORT_NOISE_LEVELS = frozenset({"t", "r"})

#: A model that fills in the masked tokens of a picture has none: how many are masked shows in the tokens. It reads a text as well,
#: which a model that writes texts does not.
_MASKED_TOKENS = frozenset({"input_ids", "encoder_hidden_states"})

#: How the names of modules that help a denoiser at every step begin.
_HELPER = "controlnet"


def list_denoisers(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The modules that predict the noise, by their names in the pipeline."""
    return {name: module for name, module in list_step_modules(pipeline).items() if not name.startswith(_HELPER)}


def list_step_modules(pipeline: Any) -> dict[str, torch.nn.Module]:
    """Every module that the pipeline calls at each step, by its name there: its denoisers and ControlNets."""
    modules: dict[str, torch.nn.Module] = {}
    for name, module in _list_models(pipeline).items():
        if _takes_noise_level(type(module)):
            modules |= _list_nets(name, module)
    return modules


def list_other_models(pipeline: Any) -> dict[str, torch.nn.Module]:
    """diffusers' models that are neither step modules nor autoencoders, by their names in the pipeline. If one of them is called
    at every step after all, the rule above has missed a denoiser.
    """
    return {name: module for name, module in _list_models(pipeline).items() if not _takes_noise_level(type(module))}


def list_autoencoders(pipeline: Any) -> dict[str, Any]:
    """The autoencoders, by their names in the pipeline (`vae`, `movq`, `vqgan`)."""
    return {name: component for name, component in pipeline.components.items() if is_autoencoder(component)}


def is_autoencoder(component: Any) -> bool:
    """Whether the component decodes latents to pictures."""
    return isinstance(component, torch.nn.Module) and callable(getattr(component, "decode", None))


def _list_models(pipeline: Any) -> dict[str, torch.nn.Module]:
    components = pipeline.components.items()
    return {name: item for name, item in components if isinstance(item, ModelMixin) and not is_autoencoder(item)}


def _list_nets(name: str, module: torch.nn.Module) -> dict[str, torch.nn.Module]:
    """The module, or those of several ControlNets, which a job may use one by one."""
    nets = getattr(module, "nets", None)
    if not isinstance(nets, torch.nn.ModuleList):
        return {name: module}
    return {f"{name}.{number}": net for number, net in enumerate(nets)}


def _takes_noise_level(model: Any) -> bool:
    names = inspect.signature(model.forward).parameters
    return names.keys() >= _MASKED_TOKENS or any(_NOISE_LEVEL in name or name in _SHORT_NOISE_LEVELS for name in names)
