"""Adapters of random weights, with what each adds to a layer's weight, computed here from the definition of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

#: A layer of a pipeline: the component's name, and the layer's in it.
Layer = tuple[str, str]


@dataclass
class Written:
    """A file's tensors, and what they add to weights at a scale of 1."""

    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    deltas: dict[Layer, torch.Tensor] = field(default_factory=dict)


class Pairs:
    """Draws low-rank matrices for a pipeline's layers."""

    def __init__(self, pipeline: Any, seed: int = 5) -> None:
        self._pipeline = pipeline
        self._random = torch.Generator().manual_seed(seed)

    def weight(self, layer: Layer) -> torch.Tensor:
        """The layer's own weight [outputs, inputs, …]."""
        weight: torch.Tensor = self._pipeline.components[layer[0]].get_submodule(layer[1]).weight
        return weight.detach()

    def noise(self, *shape: int) -> torch.Tensor:
        return 0.2 * torch.randn(*shape, generator=self._random)

    def pair(self, *layers: Layer, rank: int = 3) -> tuple[torch.Tensor, torch.Tensor, dict[Layer, torch.Tensor]]:
        """The two matrices, of a convolution if the layer is one, for layers that the file has fused; and what they add to each."""
        weights = [self.weight(layer) for layer in layers]
        inputs, kernel = weights[0].shape[1], weights[0].shape[2:]
        outputs = [weight.shape[0] for weight in weights]
        first = self.noise(rank, inputs, *kernel)
        second = self.noise(sum(outputs), rank, *[1] * len(kernel))
        product = (second.flatten(1) @ first.flatten(1)).reshape(sum(outputs), inputs, *kernel)
        return first, second, dict(zip(layers, torch.split(product, outputs), strict=True))


@contextmanager
def merged(pipeline: Any, deltas: Mapping[Layer, torch.Tensor], scale: float = 1.0) -> Iterator[Any]:
    """The pipeline, with the deltas in its own weights during the block."""
    kept = []
    for (component, path), delta in deltas.items():
        layer = pipeline.components[component].get_submodule(path)
        assert delta.shape == layer.weight.shape
        kept.append((layer, layer.weight.data))
        layer.weight.data = layer.weight.data + scale * delta
    try:
        yield pipeline
    finally:
        for layer, weight in reversed(kept):
            layer.weight.data = weight
