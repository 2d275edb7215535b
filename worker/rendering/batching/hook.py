"""The seam between a pipeline and the batcher: the call of a module.

diffusers and accelerate hook a module by replacing its `forward`, and put an older one back when they change their own hooks:
after each job of an offloaded model, at the first forward with prefetching, when a LoRA is loaded. A hook of ours among
them would be lost. `torch.nn.Module.__call__` itself asks for `_compiled_call_impl` (that is how `Module.compile` works), and
nobody sets it on a whole denoiser: what is there sees every call first, outside of all other hooks, and stays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

#: Called with a module's name in the pipeline, a function that does what the module itself would do, and the arguments by name;
#: returns the call's result.
Answer = Callable[[str, Callable[..., Any], dict[str, Any]], Any]


def install_hook(module: torch.nn.Module, name: str, answer: Answer) -> None:
    """Let `answer` answer a module's calls from now on."""
    # With every hook that the module has when it runs, also one that is added later.
    run = module._call_impl  # noqa: SLF001
    signature: inspect.Signature | None = None

    def pass_on(*positional: Any, **named: Any) -> Any:
        nonlocal signature
        if signature is None:
            signature = inspect.signature(module.forward)
        return answer(name, run, _by_name(signature, positional, named))

    module._compiled_call_impl = pass_on  # noqa: SLF001


def watch_calls(module: torch.nn.Module, note: Callable[[], None]) -> None:
    """Let `note` be called before each call of a module from now on."""
    run = module._call_impl  # noqa: SLF001

    def pass_on(*positional: Any, **named: Any) -> Any:
        note()
        return run(*positional, **named)

    module._compiled_call_impl = pass_on  # noqa: SLF001


def remove_hook(module: torch.nn.Module) -> None:
    """Restore the module."""
    module._compiled_call_impl = None  # noqa: SLF001


def _by_name(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    arguments = dict(signature.bind(*args, **kwargs).arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            arguments |= arguments.pop(name, {})
    return arguments
