"""Large bodies are read a few at a time, and not all of one account: each takes memory and CPU before it can be judged."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache

from flask import Flask, g

from core.errors import PicturesBusy
from core.settings import get_settings
from core.shared_slots import NoSlotFree, SharedSlots, SlotLimits

#: Bytes; shorter bodies are not counted: a request without pictures is much shorter.
LARGE_BODY_BYTES = 64 * 1024

#: Large bodies in this process at a time. Each takes up to 100 MB for a moment; and more threads that parse keep the
#: interpreter from those that only answer.
_SLOTS = 4

#: A client with a body to send waits this long for its turn.
_WAIT_SECONDS = 10.0


def take_slot_for_large_body(length: int | None) -> None:
    """Before a body of this many bytes (None: unknown) is read: wait for a slot, which is held until the request ends.
    Raises PicturesBusy.
    """
    if length is not None and length <= LARGE_BODY_BYTES:
        return
    held = ExitStack()
    try:
        held.enter_context(_slots().slot(g.account_id))
    except NoSlotFree as error:
        raise PicturesBusy from error
    g.slot_of_large_body = held


def register_large_bodies(app: Flask) -> None:
    """Release the slot at the end of a request that took one."""

    @app.teardown_request
    def release_slot(_error: BaseException | None) -> None:
        held: ExitStack | None = g.pop("slot_of_large_body", None)
        if held is not None:
            held.close()


@cache
def _slots() -> SharedSlots:
    return SharedSlots(SlotLimits.of(_SLOTS, threads=get_settings().api_threads, wait_seconds=_WAIT_SECONDS))
