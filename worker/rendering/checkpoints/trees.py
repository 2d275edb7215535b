"""Nested values as JSON, with their tensors apart: the attributes of schedulers and the answers of denoisers. Never pickle."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from diffusers.utils import BaseOutput

from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported

#: JSON that `from_tree` turns into a value.
Tree = Any

_PLAIN = (bool, int, float, str, type(None))


def to_tree(value: Any, leaf: Callable[[torch.Tensor], Tree]) -> Tree:
    """The value as JSON; `leaf` returns the JSON for a tensor. Raises CheckpointUnsupported for other kinds of objects."""
    if isinstance(value, _PLAIN) and type(value) in _PLAIN:
        return value
    if isinstance(value, torch.Tensor):
        return {"tensor": leaf(value)}
    if isinstance(value, np.ndarray):
        return {"array": leaf(torch.from_numpy(np.array(value)))}
    if isinstance(value, np.generic):
        return {"number": leaf(torch.from_numpy(np.array(value).reshape(1)))}
    if isinstance(value, (torch.dtype, torch.device)):
        return {type(value).__name__: str(value).removeprefix("torch.")}
    if isinstance(value, BaseOutput) and dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        fields = {name: to_tree(getattr(value, name), leaf) for name in names}
        return {"output": _name_of(type(value)), "fields": fields}
    if isinstance(value, Mapping) and type(value) is dict:
        return {"dict": [[to_tree(key, leaf), to_tree(item, leaf)] for key, item in value.items()]}
    if type(value) in (list, tuple):
        return {type(value).__name__: [to_tree(item, leaf) for item in value]}
    raise CheckpointUnsupported(f"a {type(value).__name__} cannot be written down")


def from_tree(tree: Tree, leaf: Callable[[Tree], torch.Tensor]) -> Any:
    """The value of a tree that `to_tree` made."""
    match tree:
        case {"tensor": name}:
            return leaf(name)
        case {"array": name}:
            return leaf(name).cpu().numpy()
        case {"number": name}:
            return leaf(name).cpu().numpy()[0]
        case {"dtype": name}:
            return getattr(torch, name)
        case {"device": name}:
            return torch.device(name)
        case {"output": name, "fields": fields}:
            output_class = _get_output_class(name)
            return output_class(**{field: from_tree(item, leaf) for field, item in fields.items()})
        case {"dict": items}:
            return {from_tree(key, leaf): from_tree(item, leaf) for key, item in items}
        case {"list": items}:
            return [from_tree(item, leaf) for item in items]
        case {"tuple": items}:
            return tuple(from_tree(item, leaf) for item in items)
        case _:
            return tree


def _name_of(output_class: type[Any]) -> str:
    return f"{output_class.__module__}.{output_class.__qualname__}"


def _get_output_class(name: str) -> type[Any]:
    """The output class of diffusers with that name, if it is loaded: a name in a file imports nothing. Raises
    CheckpointRefused.
    """
    waiting: list[type[Any]] = list(BaseOutput.__subclasses__())
    while waiting:
        output_class = waiting.pop()
        if _name_of(output_class) == name:
            return output_class
        waiting += output_class.__subclasses__()
    raise CheckpointRefused(f"The checkpoint names an output class that is not known here: {name}.")
