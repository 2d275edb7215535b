"""Where a process renders, and how its forwards share a CPU's cores.

OpenMP's threads meet at the end of every operator. If they wait for each other by sleeping (see `worker.rendering`), a
small model's forward takes twice as long on two cores as on one. Two forwards side by side, with one core each, use both
cores and wait for nothing.
"""

from __future__ import annotations

from functools import cache

import torch

from worker.rendering.models.container_limits import read_core_limit


def choose_device(name: str) -> torch.device:
    """The torch device of that name; for `auto` the GPU if there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def share_cores(device: torch.device, forwards: int | None = None) -> int:
    """How many forwards of a model run side by side: on a CPU `forwards` (None: one for each core), each with its part of the
    cores; on a GPU one, which keeps it busy.

    Sets torch's threads for the whole process: pixels depend on them in the last bits.
    """
    if device.type != "cpu":
        return 1
    cores = _count_cores()
    forwards = min(forwards or cores, cores)
    torch.set_num_threads(cores // forwards)
    return forwards


@cache
def _count_cores() -> int:
    # Until we set it, this is what torch found, or what OMP_NUM_THREADS says. A container's quota it does not look for: more
    # threads than that would use it up together, and then all of them wait for the next period.
    found, limit = torch.get_num_threads(), read_core_limit()
    return found if limit is None else min(found, limit)
