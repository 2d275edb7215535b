"""How a process divides its CPU's cores: all of them for a job that is drawn alone, equal parts while several are drawn.

torch has a number of threads for each thread that calls it: setting it holds for the calling thread, and for threads that
have not called torch yet. So every thread that works for a job sets its own, again and again. Results depend on the number
in their last bits (each thread sums up its part of a tensor). So what has to be the same bit for bit in any company is
computed with all cores: the whole of a deterministic job, and every text, because encoded texts are kept for other jobs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch


class Cores:
    """The division of one process' cores. Before `divide`, and on a GPU, torch's threads stay as they are."""

    def __init__(self) -> None:
        #: 0 before they are divided.
        self._count = 0
        self._most_parts = 1
        #: Pieces of work that may run at the same time, by whose they are.
        self._work: dict[object, int] = {}
        self._lock = threading.Lock()
        self._of_thread = threading.local()

    def divide(self, count: int, *, most_parts: int) -> None:
        """From now on `count` cores are divided into as many parts as there are pieces of work, `most_parts` at most."""
        self._count, self._most_parts = count, most_parts

    def note_work(self, owner: object, pieces: int) -> None:
        """The owner has so many pieces of work that may run at the same time; 0 if it has none any more."""
        with self._lock:
            if pieces:
                self._work[owner] = pieces
            else:
                self._work.pop(owner, None)

    @property
    def part(self) -> int:
        """The cores of one piece of work at the moment; 0 if they are not divided."""
        with self._lock:
            pieces = sum(self._work.values())
        return self._count // max(1, min(pieces, self._most_parts))

    @property
    def all(self) -> int:
        """The cores of what has to be the same bit for bit: all of them, or as many as torch uses by itself if they are not divided."""
        return self._count or torch.get_num_threads()

    @property
    def least_part(self) -> int:
        """The cores of a piece of work when there is as much as can run at the same time; 0 if they are not divided."""
        return self._count // self._most_parts

    def take(self, *, everything: bool = False) -> int:
        """Let the calling thread compute with its part, or with all cores, from now on. Returns their number; 0 if they are not
        divided. Inside of `working` it is all cores if that says so.
        """
        everything = everything or getattr(self._of_thread, "takes_everything", False)
        cores = self._count if everything else self.part
        if cores:
            set_threads(cores)
        return cores

    @contextmanager
    def working(self, *, everything: bool) -> Iterator[None]:
        """During the block the calling thread takes all cores, or its part. Afterwards it has as many threads as before."""
        outer, threads = getattr(self._of_thread, "takes_everything", False), torch.get_num_threads()
        self._of_thread.takes_everything = outer or everything
        try:
            self.take()
            yield
        finally:
            self._of_thread.takes_everything = outer
            set_threads(threads)


@cache
def get_cores() -> Cores:
    """The division of this process' cores. There is one, as torch has one number for threads that are new."""
    return Cores()


def set_threads(count: int) -> None:
    """Let torch compute with `count` threads for the calling thread."""
    # Asked first in any case: a thread's first question, or first computation, undoes what was set before it.
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
