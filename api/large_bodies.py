"""Large bodies, of which one account may send many: how many are in memory at a time, and how many are parsed."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache

from flask import Flask, g

from core.errors import PicturesBusy
from core.settings import get_settings
from core.shared_slots import NoSlotFree, SharedSlots, SlotLimits

#: Bytes; shorter bodies are not counted: a request without pictures is much shorter.
LARGE_BODY_BYTES = 64 * 1024

#: Large bodies that are parsed and worked on at a time. Each takes up to 100 MB for a moment; and more threads that compute
#: keep the interpreter from those that only answer.
_WORKED_ON = 4

#: A client whose body has been read waits this long for its turn.
_WAIT_SECONDS = 10.0


def admit_large_body(length: int | None) -> None:
    """Before a body of this many bytes (None: unknown) is read. Raises PicturesBusy if as many are in memory as may be."""
    g.large_body = ExitStack()
    if length is None or length > LARGE_BODY_BYTES:
        _take(_in_memory())


def wait_to_parse(length: int) -> None:
    """After a body of this many bytes has been read, before it is parsed. Raises PicturesBusy if the wait is too long."""
    # Reading has no part in this turn: a client that sends slowly would keep it from others.
    if length > LARGE_BODY_BYTES:
        _take(_worked_on())


def register_large_bodies(app: Flask) -> None:
    """Release the slots at the end of each request that took some."""

    @app.teardown_request
    def release_slots(_error: BaseException | None) -> None:
        held: ExitStack | None = g.pop("large_body", None)
        if held is not None:
            held.close()


def _take(slots: SharedSlots) -> None:
    try:
        g.large_body.enter_context(slots.slot(g.account_id))
    except NoSlotFree as error:
        raise PicturesBusy from error


@cache
def _in_memory() -> SharedSlots:
    threads = get_settings().api_threads
    half, quarter = max(1, threads // 2), max(1, threads // 4)
    return SharedSlots(
        SlotLimits(slots=half, slots_of_account=quarter, waiting=0, waiting_of_account=0, wait_seconds=0)
    )


@cache
def _worked_on() -> SharedSlots:
    return SharedSlots(SlotLimits.of(_WORKED_ON, threads=get_settings().api_threads, wait_seconds=_WAIT_SECONDS))
