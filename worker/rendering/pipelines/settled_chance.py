"""Random numbers that a pipeline draws without the generators that it is given: the same ones in every render."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

#: Torch's functions that take from the process's own generator if they are given none; and those that copy a shape.
_DRAWS = {torch.randn, torch.rand}
_DRAWS_LIKE: dict[Callable[..., Any], Callable[..., Any]] = {torch.randn_like: torch.randn, torch.rand_like: torch.rand}
#: Of noise; not a job's own seed: then each image of a job would not be that of a job of its own.
_SEED = 0


class SettledChance(TorchFunctionMode):
    """In this thread, what would be drawn from the process's own generator is drawn from one with a fixed seed.

    Some pipelines sample the latents of a control image so. Other jobs draw from the process's generator at the same time,
    and a seed would not mean the same picture twice.

    A pipeline whose language model samples tokens gives the process's generator the seed of the job's first image before;
    here each such job has a generator of its own for that.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        """`seeds` are those of the job's images, which have equal noise: each is then that of a job of its own."""
        super().__init__()
        self._images = len(seeds)
        self._seed = seeds[0]
        self._sampler: torch.Generator | None = None
        self._generator = torch.Generator("cpu").manual_seed(_SEED)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        options = dict(kwargs or {})
        if func is torch.multinomial and options.get("generator") is None:
            return func(*args, **options | {"generator": self._get_sampler(args[0].device)})
        if func in _DRAWS_LIKE:
            like = args[0]
            options = {"dtype": like.dtype, "device": like.device} | options
            func, args = _DRAWS_LIKE[func], (like.shape,)
        if func not in _DRAWS or options.get("generator") is not None:
            return func(*args, **options)
        shape = torch.Size(args[0] if isinstance(args[0], Sequence) else args)
        # On the CPU, so that they are the same on every device.
        device = torch.device(options.get("device") or "cpu")
        options |= {"generator": self._generator, "device": "cpu"}
        images = 1 if shape[0] % self._images else self._images
        return func((shape[0] // images, *shape[1:]), **options).repeat_interleave(images, dim=0).to(device)

    def _get_sampler(self, device: torch.device) -> torch.Generator:
        if self._sampler is None:
            self._sampler = torch.Generator(device).manual_seed(self._seed)
        return self._sampler
