"""Large bodies, of which one account may send many: how many are in memory at a time, and how many are parsed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from flask import Flask, g

from core.errors import PicturesBusy
from core.settings import get_settings
from core.shared_slots import NoSlotFree, SharedSlots, SlotLimits

#: Bytes; shorter bodies are not counted: a request without pictures is much shorter.
LARGE_BODY_BYTES = 64 * 1024

#: Large bodies that are parsed at a time: each takes many milliseconds of the interpreter, if in small pieces.
_PARSED = 2

#: A thread waits this long for its turn.
_WAIT_SECONDS = 10.0


def admit_large_body(length: int | None) -> None:
    """Before a body of this many bytes (None: unknown) is read: it counts until the request ends. Raises PicturesBusy if as
    many wait for that as may, or the wait is too long.
    """
    if length is None or length > LARGE_BODY_BYTES:
        g.large_body = ExitStack()
        with _or_busy():
            g.large_body.enter_context(_in_memory().slot(g.account_id))


@contextmanager
def turn_to_parse(length: int) -> Iterator[None]:
    """A body of this many bytes is parsed in the block. Raises PicturesBusy if the wait for that is too long."""
    if length <= LARGE_BODY_BYTES:
        yield
        return
    with ExitStack() as turn:
        with _or_busy():
            turn.enter_context(_parsed().slot(g.account_id))
        yield


def register_large_bodies(app: Flask) -> None:
    """Let the next one in at the end of each request that had a large body."""

    @app.teardown_request
    def release_slot(_error: BaseException | None) -> None:
        held: ExitStack | None = g.pop("large_body", None)
        if held is not None:
            held.close()


@contextmanager
def _or_busy() -> Iterator[None]:
    try:
        yield
    except NoSlotFree as error:
        raise PicturesBusy from error


@cache
def _in_memory() -> SharedSlots:
    # A client that sends slowly keeps only its own account's bodies waiting: others find slots, and threads.
    threads = get_settings().api_threads
    return SharedSlots(
        SlotLimits(
            slots=max(1, threads // 2),
            slots_of_account=max(1, threads // 16),
            waiting=max(1, threads // 4),
            waiting_of_account=max(1, threads // 8),
            wait_seconds=_WAIT_SECONDS,
        )
    )


@cache
def _parsed() -> SharedSlots:
    return SharedSlots(SlotLimits.of(_PARSED, threads=get_settings().api_threads, wait_seconds=_WAIT_SECONDS))
