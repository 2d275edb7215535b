"""The account's own queue: `darkroom.queue`."""

from __future__ import annotations

from typing import Literal

from darkroom.request import Request, build_body, get
from darkroom.synchronous.transport import Transport
from darkroom.views.queue import QueueState
from darkroom.views.queue_figures import QueueFigures


class Queue:
    """Whether the account's jobs start, and how many wait."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self) -> QueueState:
        """The queue as it stands. Calls `GET /v1/queue`."""
        return self._transport.ask(get("/v1/queue"), QueueState)

    def figures(self) -> QueueFigures:
        """What every worker has in hand, what waits and why, and how it went; of other accounts numbers alone.

        Calls `GET /v1/queue/figures`.
        """
        return self._transport.ask(get("/v1/queue/figures"), QueueFigures)

    def pause(self, *, running: Literal["finish", "put_back"] | None = None) -> QueueState:
        """Let no further job start; those that run end as usual, or wait again and resume where they were.

        Calls `POST /v1/queue/pause`.
        """
        return self._transport.ask(
            Request("POST", "/v1/queue/pause", json=build_body({"running": running})), QueueState
        )

    def resume(self) -> QueueState:
        """Let the jobs start, in the places that they had. Calls `POST /v1/queue/resume`."""
        return self._transport.ask(Request("POST", "/v1/queue/resume"), QueueState)
