"""The precision of autoencoders that overflow in half of it."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import torch


def is_raised_by(pipeline_class: type[Any]) -> bool:
    """Whether pipelines of the class raise their autoencoder to float32 while they use it.

    Whether an autoencoder overflows in float16 is not in its configuration: `force_upcast` is true unless somebody has set
    it to false, also for those that never overflow (Stable Diffusion 1.5's). The pipelines know: only those whose
    autoencoders overflow (SDXL's and its relatives) read it.
    """
    own = {each.__module__ for each in pipeline_class.__mro__ if each.__module__.startswith("diffusers.pipelines.")}
    # The whole file: to find a class in it, Python builds a syntax tree, and two threads at once fail at that (3.11).
    return any("force_upcast" in inspect.getsource(sys.modules[module]) for module in own)


def settle_precision(autoencoder: Any) -> None:
    """Raise it to float32 for good, if it is in float16 and its configuration lets pipelines raise it.

    Pipelines raise such an autoencoder for each use, and lower it again: with several jobs at once, while another job uses
    it. From now on what they do has no effect.
    """
    if not getattr(autoencoder.config, "force_upcast", False) or autoencoder.dtype == torch.float32:
        return
    if autoencoder.dtype == torch.float16:
        autoencoder.to(torch.float32)
    move = autoencoder.to

    def move_only(*positional: Any, dtype: torch.dtype | None = None, **named: Any) -> Any:  # noqa: ARG001
        positional = tuple(value for value in positional if not isinstance(value, torch.dtype))
        return move(*positional, **named) if positional or named else autoencoder

    autoencoder.to = move_only
