"""diffusers' own hook on a denoiser, through which the calls of jobs are parked and joined."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from diffusers.hooks import HookRegistry, ModelHook

HOOK_NAME = "darkroom_batching"

#: Called with a module's name in the pipeline, its own forward and the arguments by name; returns the call's result.
Answer = Callable[[str, Callable[..., Any], dict[str, Any]], Any]


class BatchingHook(ModelHook):  # type: ignore[misc]  # diffusers has no types
    """Passes every call of a module to `answer`."""

    def __init__(self, module_name: str, answer: Answer) -> None:
        super().__init__()
        self._module_name = module_name
        self._answer = answer
        self._signature: inspect.Signature | None = None

    def new_forward(self, _module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
        """Called by diffusers in place of the module's forward."""
        forward = self.fn_ref.original_forward
        if self._signature is None:
            self._signature = inspect.signature(forward)
        arguments = _by_name(self._signature, args, kwargs)
        return self._answer(self._module_name, forward, arguments)


def _by_name(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    arguments = dict(signature.bind(*args, **kwargs).arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            arguments |= arguments.pop(name, {})
    return arguments


def install_hook(module: torch.nn.Module, name: str, answer: Answer) -> None:
    """Let `answer` answer a module's calls from now on."""
    HookRegistry.check_if_exists_or_initialize(module).register_hook(BatchingHook(name, answer), HOOK_NAME)


def remove_hook(module: torch.nn.Module) -> None:
    """Restore the module."""
    HookRegistry.check_if_exists_or_initialize(module).remove_hook(HOOK_NAME, recurse=False)
