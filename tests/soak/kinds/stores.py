"""Faults of the object store and of the receiver of webhooks."""

from __future__ import annotations

import random

from tests.faults.proxy import Flow
from tests.soak.ground import Fault, Ground, answer_for, freeze_server, kill_server, on_link, pause, slow_link

_SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n"
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
)
_CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _change_bytes(ground: Ground, dice: random.Random) -> None:
    """The last bit of every image that is stored in this time is flipped on its way."""
    link = ground.service.links["storage"]
    link.rewrite = lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 1]) if b"IEND" in chunk else chunk
    try:
        pause(dice)
    finally:
        link.rewrite = None


STORES: dict[str, Fault] = {
    "store: 503 SlowDown": answer_for("storage", _SLOW_DOWN),
    "store: 200, then cut short": answer_for("storage", _CUT_SHORT),
    "store: SIGKILL": kill_server("storage"),
    "store: frozen": freeze_server("storage"),
    "store: slow link": slow_link("storage", seconds=0.05),
    "store: link reset": on_link("storage", Flow.RESET),
    "store: link half-open": on_link("storage", Flow.BLACK_HOLE),
    "store: images changed on their way": _change_bytes,
    "receiver: 503": answer_for("receiver", _UNAVAILABLE),
    "receiver: link reset": on_link("receiver", Flow.RESET),
}
