"""The Muon optimiser for weights that are matrices or convolution kernels.

Each step moves a weight along the nearest semi-orthogonal matrix to its momentum, scaled to the size that AdamW's steps
would have, so that both share a learning rate. Sources: Keller Jordan, "Muon: An optimizer for hidden layers",
https://kellerjordan.github.io/posts/muon/; the scale: Liu et al., "Muon is Scalable for LLM Training",
https://arxiv.org/abs/2502.16982
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
#: Newton-Schulz iterations and their coefficients, from the first source.
ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay; weights are updated on `threads` threads."""

    def __init__(self, weights: Iterable[nn.Parameter], weight_decay: float, threads: int) -> None:
        super().__init__(weights, {"lr": 0.0, "weight_decay": weight_decay})
        self._threads = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure: nothing here calls the step twice
        """Moves every weight that has a gradient."""
        moved = [
            (weight, group) for group in self.param_groups for weight in group["params"] if weight.grad is not None
        ]
        list(self._threads.map(lambda pair: self._move(*pair), moved))

    def _move(self, weight: nn.Parameter, group: dict[str, Any]) -> None:
        gradient = weight.grad
        assert gradient is not None
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"]
        # torch keeps the grad mode per thread: the one that `step` sets does not hold here.
        with torch.no_grad():
            momentum.lerp_(gradient, 1 - MOMENTUM)
            ahead = gradient.lerp(momentum, MOMENTUM)
            direction = orthogonalise(ahead.flatten(1)).reshape(weight.shape)
            size = 0.2 * max(direction.flatten(1).shape) ** 0.5
            weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(direction, alpha=-group["lr"] * size)


def orthogonalise(matrix: Tensor) -> Tensor:
    """About the nearest semi-orthogonal matrix: singular vectors kept, singular values moved to 0.7 to 1.2.

    All iterates are the matrix times a polynomial of its Gram matrix, which is much the smaller of the two: they are
    made of that, and the matrix is multiplied once, at the end.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    factor = torch.eye(len(gram), dtype=x.dtype)
    for _ in range(ITERATIONS):
        step = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        step.diagonal().add_(a)
        factor = step @ factor
        gram = step @ gram @ step
    x = factor @ x
    return x.T if tall else x
