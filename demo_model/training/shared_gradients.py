"""Gradients of a batch by one thread per core, each with its share of the batch.

On a busy machine, threads that wait for each other once a step lose less time than threads that wait inside every
kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import torch
from torch import Tensor, nn


class SharedGradients:
    """Computes mean gradients over shares of a batch, inside a `with` statement."""

    def __init__(self, model: nn.Module, shares: int) -> None:
        self.shares = shares
        self._parameters = list(model.parameters())
        self._threads = ThreadPoolExecutor(shares, initializer=torch.set_num_threads, initargs=(1,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def backward(self, loss: Callable[..., Tensor], *batch: Tensor) -> float:
        """Sets the parameters' gradients of the mean of `loss` over the shares of the batch; returns that mean."""

        def share(*part: Tensor) -> tuple[float, tuple[Tensor, ...]]:
            value = loss(*part)
            # Not value.backward(): all threads would add to the same parameters' gradients at once.
            return value.item(), torch.autograd.grad(value, self._parameters)

        parts = zip(*(tensor.chunk(self.shares) for tensor in batch), strict=True)
        results = list(self._threads.map(lambda part: share(*part), parts))

        for parameter, *gradients in zip(self._parameters, *(found for _, found in results), strict=True):
            # In the parameter's own memory layout, which the fused optimiser relies on.
            parameter.grad = torch.zeros_like(parameter)
            for gradient in gradients:
                parameter.grad.add_(gradient, alpha=1 / len(results))
        return sum(value for value, _ in results) / len(results)
