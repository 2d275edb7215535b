"""A job's random generators, one for each of its images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch


class Generators(list[torch.Generator]):
    """A list that begins again after its end.

    Kandinsky's priors draw twice as many embeddings as there are images: those of the prompt, and then those of the negative
    prompt. diffusers takes a generator for each row by its index, and a list of the images' own would be too short. Taken in
    turns, each image's rows come from its own generator, in the order in which it draws them alone.
    """

    def __init__(self, seeds: Iterable[int]) -> None:
        # On the CPU, so that a seed means the same noise on every device.
        super().__init__(torch.Generator("cpu").manual_seed(seed) for seed in seeds)

    def __getitem__(self, place: Any) -> Any:
        """The generator of a row, or a list of those in a slice."""
        return super().__getitem__(place % len(self) if isinstance(place, int) else place)
