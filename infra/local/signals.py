"""Requests to end the program: Ctrl-C, SIGTERM, a closed terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers

STOP_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AskedToStop(BaseException):
    """A signal asked this program to end."""

    def __init__(self, signum: signal.Signals) -> None:
        super().__init__(signum.name)
        self.signum = signum


@contextmanager
def stop_requests(handler: Handler) -> Iterator[None]:
    """Install this handler for all requests to end, until the block ends."""
    before = {each: signal.signal(each, handler) for each in STOP_REQUESTS}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


def raise_request(signum: int, _frame: FrameType | None) -> None:
    """A handler that raises AskedToStop in the main thread, for the first request only: clean-up follows, undisturbed."""
    for each in STOP_REQUESTS:
        signal.signal(each, signal.SIG_IGN)
    raise AskedToStop(signal.Signals(signum))
