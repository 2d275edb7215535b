"""The tensors of a checkpoint: each is kept once, on the CPU, with the memory layout that it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from worker.rendering.checkpoints.trees import Tree, from_tree, to_tree


class TensorStore:
    """Takes values apart into JSON and named tensors."""

    def __init__(self) -> None:
        self.tensors: dict[str, torch.Tensor] = {}
        self._names: dict[int, Tree] = {}
        # Named tensors stay alive, so that no other tensor can get the id of one of them.
        self._seen: list[torch.Tensor] = []

    def put(self, value: Any) -> Tree:
        """The value as JSON; its tensors are copied. A tensor that occurs several times is kept once."""
        return to_tree(value, self._put_tensor)

    def _put_tensor(self, tensor: torch.Tensor) -> Tree:
        if id(tensor) not in self._names:
            self._seen.append(tensor)
            name = f"t{len(self.tensors)}"
            order = _order_in_memory(tensor)
            self.tensors[name] = tensor.detach().permute(order).to("cpu").clone(memory_format=torch.contiguous_format)
            self._names[id(tensor)] = {"name": name, "order": order, "is_on_cpu": tensor.device.type == "cpu"}
        return self._names[id(tensor)]


class TensorReader:
    """Puts the values of a `TensorStore` together again, with each tensor on the device that it was on."""

    def __init__(self, tensors: Mapping[str, torch.Tensor], device: torch.device) -> None:
        self._tensors = tensors
        self._device = device
        self._made: dict[str, torch.Tensor] = {}

    def get(self, tree: Tree) -> Any:
        """The value of the JSON that `TensorStore.put` returned."""
        return from_tree(tree, self._get_tensor)

    def _get_tensor(self, place: Mapping[str, Any]) -> torch.Tensor:
        name, order = place["name"], place["order"]
        if name not in self._made:
            stored = self._tensors[name].clone()
            on_device = stored if place["is_on_cpu"] else stored.to(self._device)
            self._made[name] = on_device.permute([order.index(dimension) for dimension in range(len(order))])
        return self._made[name]


def _order_in_memory(tensor: torch.Tensor) -> list[int]:
    """The dimensions, from the outermost in memory to the innermost: kernels, and so the last bits, depend on it."""
    strides = tensor.stride()
    return sorted(range(tensor.dim()), key=lambda dimension: -strides[dimension])
