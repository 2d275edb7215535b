"""Return the memory of large bodies to the system. The C library keeps what was freed, in a heap for each thread."""

from __future__ import annotations

import ctypes
import os
import threading
import time

#: glibc's number for the setting that `MALLOC_ARENA_MAX` has in the environment.
_M_ARENA_MAX = -8

#: Heaps for all threads; by default there are up to eight for each core.
_HEAPS = 2

#: Bytes; shorter bodies leave too little behind to be looked for.
_LARGE_BODY_BYTES = 128 * 1024

#: Seconds between a large body and the return, and so between two returns.
_PAUSE_SECONDS = 1.0

_was_large = threading.Event()


def limit_heaps() -> None:
    """Have the threads of this process and of its forks share two heaps, where the C library is glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, _HEAPS)


def start_returning_memory() -> None:
    """From here on a thread of this process returns what is free, a second after each large body."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        threading.Thread(target=_return_memory, args=(trim,), name="return-memory", daemon=True).start()


def note_body(length: int) -> None:
    """A body of so many bytes has been read."""
    if length >= _LARGE_BODY_BYTES:
        _was_large.set()


def _return_memory(trim: ctypes._NamedFuncPointer) -> None:
    while True:
        _was_large.wait()
        time.sleep(_PAUSE_SECONDS)
        # Cleared before the return: a body that comes during it is followed by another one.
        _was_large.clear()
        trim(0)
