"""The right to render: one job of the process at a time has it, from before its claim until its pixels are there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class HeldSlot:
    """A slot that can be given up before the block that holds it ends."""

    def __init__(self, slot: threading.Semaphore) -> None:
        self._slot = slot
        self._is_held = True

    def release(self) -> None:
        """Let the next job be claimed. Releasing twice is releasing once."""
        if self._is_held:
            self._is_held = False
            self._slot.release()


@contextmanager
def hold_slot(slot: threading.Semaphore) -> Iterator[HeldSlot]:
    """Wait for the slot, and give it up at the end of the block at the latest."""
    slot.acquire()
    held = HeldSlot(slot)
    try:
        yield held
    finally:
        held.release()
