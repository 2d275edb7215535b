"""Locks for tokenizers and text encoders: each works for one job at a time, whichever models share it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary


@contextmanager
def locked_components(components: Sequence[Any]) -> Iterator[None]:
    """Use these components of a pipeline alone during the block.

    A tokenizer that two threads use at once raises ("Already borrowed").
    """
    known, table_lock = _locks()
    with table_lock:
        locks = [known.setdefault(component, threading.RLock()) for component in components]
    with ExitStack() as stack:
        # Always in the same order, so that two jobs cannot wait for each other.
        for lock in sorted(locks, key=id):
            stack.enter_context(lock)
        yield


@cache
def _locks() -> tuple[WeakKeyDictionary[Any, threading.RLock], threading.Lock]:
    """A lock for each component of this process, and the lock of that table."""
    return WeakKeyDictionary(), threading.Lock()
