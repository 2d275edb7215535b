"""Where a process renders, and how many forwards share a CPU's cores.

OpenMP's threads meet at the end of every operator, and a small model spends much of its time there. Two forwards side by
side, with one core each, use both cores and wait for nothing; a forward that is alone uses both as well as it can.
"""

from __future__ import annotations

from functools import cache

import torch

from worker.rendering.cores import get_cores
from worker.rendering.models.container_limits import read_core_limit


def choose_device(name: str) -> torch.device:
    """The torch device of that name; for `auto` the GPU if there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def share_cores(device: torch.device, forwards: int | None = None) -> int:
    """How many forwards of a model run side by side at most: on a CPU `forwards` (None: one for each core), which divide its
    cores from now on (see `Cores`); on a GPU one, which keeps it busy.
    """
    if device.type != "cpu":
        return 1
    cores = _count_cores()
    forwards = min(forwards or cores, cores)
    torch.set_num_threads(cores)
    get_cores().divide(cores, most_parts=forwards)
    return forwards


@cache
def _count_cores() -> int:
    # Until we set it, this is what torch found, or what OMP_NUM_THREADS says. A container's quota it does not look for: more
    # threads than that would use it up together, and then all of them wait for the next period.
    found, limit = torch.get_num_threads(), read_core_limit()
    return found if limit is None else min(found, limit)
