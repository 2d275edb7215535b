"""Everything that happens to the account's jobs: `darkroom.events`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from darkroom.asynchronous.follow import follow
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.views.events import Event


class AsyncEvents:
    """The events of all jobs of the account."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def stream(self, *, after: int = 0) -> AsyncIterator[Event]:
        """The events of all jobs, without an end, across cut connections. An event may come twice after a cut.

        Without `after` it begins with the last three seconds. An event `recall` is of no job: its `data` are a request that was handed over.
        Calls `GET /v1/events`.
        """
        async for number, data in follow(self._transport, "/v1/events", after=after, ends=False):
            yield Event.parse(number, data)
