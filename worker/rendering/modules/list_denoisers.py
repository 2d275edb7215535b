"""The modules of a pipeline that are called at every step."""

from __future__ import annotations

from typing import Any

import torch

#: diffusers' names for the modules that predict the noise, and for those that help them at every step.
_DENOISERS = ("unet", "transformer", "transformer_2")
_HELPERS = ("controlnet",)


def list_denoisers(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The modules that predict the noise, by their names in the pipeline."""
    return _list_modules(pipeline, _DENOISERS)


def list_step_modules(pipeline: Any) -> dict[str, torch.nn.Module]:
    """Every module that the pipeline calls at each step, by its name there."""
    return _list_modules(pipeline, _DENOISERS + _HELPERS)


def _list_modules(pipeline: Any, names: tuple[str, ...]) -> dict[str, torch.nn.Module]:
    return {name: pipeline.components[name] for name in names if pipeline.components.get(name) is not None}
