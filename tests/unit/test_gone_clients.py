"""Which of the clients that wait have gone away, on real connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID, uuid4

from api.live.asked import Resumed, WaitAsked
from api.server.live.gone_clients import GoneClients
from api.server.live.parked import ParkedRequest


def test_those_who_have_gone_are_found_before_anybody_has_noticed() -> None:
    """From the moment that a wait begins until it is over, by account; each that waits on is left alone."""
    account_id, other_id = uuid4(), uuid4()
    lost: list[str] = []
    gone = GoneClients()
    with ExitStack() as closing:

        def begin(name: str, account_id: UUID) -> tuple[socket.socket, ParkedRequest]:
            client, server = (closing.enter_context(end) for end in socket.socketpair())
            parked = _park(server, account_id, lost=lambda: lost.append(name))
            gone.watch(parked)
            return client, parked

        clients = {name: begin(name, account_id) for name in ("here", "gone", "answered", "noticed")}
        clients["other"] = begin("other", other_id)
        for name in ("gone", "answered", "noticed", "other"):
            clients[name][0].close()
        gone.stop_watching(clients["answered"][1])
        gone.remember(clients["noticed"][1].asked)
        gone.stop_watching(clients["noticed"][1])

        gone.see_to(account_id)
        assert sorted(lost) == ["gone", "noticed"]


def _park(connection: socket.socket, account_id: UUID, *, lost: Callable[[], None]) -> ParkedRequest:
    now = time.monotonic()
    asked = WaitAsked(account_id, uuid4(), now + 60, None, "request", asked_at=now, lost=lost)

    def resume(_: Resumed) -> None:
        raise AssertionError("nobody resumes it")

    return ParkedRequest(connection, asked, resume, forget=lambda: None)
