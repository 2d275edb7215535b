"""Everything that happens to the account's jobs: `darkroom.events`."""

from __future__ import annotations

from collections.abc import Iterator

from darkroom.synchronous.follow import follow
from darkroom.synchronous.transport import Transport
from darkroom.views.events import Event


class Events:
    """The events of all jobs of the account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def stream(self, *, after: int = 0) -> Iterator[Event]:
        """The events of all jobs, without an end, across cut connections. An event may come twice after a cut.

        Without `after` it begins with the last three seconds. An event `recall` is of no job: its `data` are a request that was handed over.
        Calls `GET /v1/events`.
        """
        for number, data in follow(self._transport, "/v1/events", after=after, ends=False):
            yield Event.parse(number, data)
