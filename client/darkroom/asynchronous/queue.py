"""The account's own queue: `darkroom.queue`."""

from __future__ import annotations

from typing import Literal

from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, build_body, get
from darkroom.views.queue import QueueState
from darkroom.views.queue_figures import QueueFigures


class AsyncQueue:
    """Whether the account's jobs start, and how many wait."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> QueueState:
        """The queue as it stands. Calls `GET /v1/queue`."""
        return await self._transport.ask(get("/v1/queue"), QueueState)

    async def figures(self) -> QueueFigures:
        """What every worker has in hand, what waits and why, and how it went; of other accounts numbers alone.

        Calls `GET /v1/queue/figures`.
        """
        return await self._transport.ask(get("/v1/queue/figures"), QueueFigures)

    async def pause(self, *, running: Literal["finish", "put_back"] | None = None) -> QueueState:
        """Let no further job start; those that run end as usual, or wait again and resume where they were.

        Calls `POST /v1/queue/pause`.
        """
        return await self._transport.ask(
            Request("POST", "/v1/queue/pause", json=build_body({"running": running})), QueueState
        )

    async def resume(self) -> QueueState:
        """Let the jobs start, in the places that they had. Calls `POST /v1/queue/resume`."""
        return await self._transport.ask(Request("POST", "/v1/queue/resume"), QueueState)
