"""How the forwards of one process share a CPU's cores.

OpenMP's threads meet at the end of every operator. Where they wait for each other by sleeping (see
`worker.rendering`), a small model's forward takes twice as long on two cores as on one; forwards side by side with a
core each use both, and wait for nobody.
"""

from __future__ import annotations

from functools import cache

import torch


def share_cores(forwards: int | None = None) -> int:
    """How many forwards run side by side, each with its part of the cores: as many as there are cores, if None.

    Sets torch's threads for the whole process: pixels depend on them in the last bits.
    """
    cores = _count_cores()
    forwards = min(forwards or cores, cores)
    torch.set_num_threads(cores // forwards)
    return forwards


@cache
def _count_cores() -> int:
    # Before we set it, what torch found, or what OMP_NUM_THREADS says.
    return torch.get_num_threads()
