"""The process' cores, divided for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from worker.rendering.cores import Cores, get_cores

#: Divides the cores of this process until the test ends: their number, and the most parts. Returns them.
Divide = Callable[[int, int], Cores]


@pytest.fixture
def divide() -> Iterator[Divide]:
    """Threads are counted, not their speed: the number of cores need not be that of the machine."""
    cores = get_cores()
    before, threads = (cores._count, cores._most_parts), torch.get_num_threads()

    def divide(count: int, most_parts: int) -> Cores:
        cores.divide(count, most_parts=most_parts)
        return cores

    yield divide
    cores.divide(before[0], most_parts=before[1])
    torch.set_num_threads(threads)
