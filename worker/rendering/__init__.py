"""Rendering: the only room that may import torch and diffusers."""

from __future__ import annotations

import ctypes
import os

from worker.rendering.torchvision_import import prepare_torchvision

# OpenMP reads this when torch is imported, so it comes before everything else. By default OpenMP's threads wait for each
# other by spinning. If other processes need the cores too (a laptop with the whole stack on it), they spin away the time
# that the thread they wait for needs: a picture took 19 s instead of 0.4 s on two shared cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Read when they are imported. Their warnings quote the part of a prompt that a model did not read; a job's own warnings say
# so to its sender, and prompts do not belong into logs.
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

#: glibc's number for the setting that `MALLOC_ARENA_MAX` has in the environment.
_M_ARENA_MAX = -8


def _limit_arenas() -> None:
    """Let all threads share two heaps. By default glibc makes up to eight for each core, keeps up to 64 MB at the end of
    each for later, and gives every new thread another one: each load of a model added 25 MB to the process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, 2)


_limit_arenas()
prepare_torchvision()
