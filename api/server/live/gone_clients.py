"""Clients of requests that wait, which have gone away."""

from __future__ import annotations

from uuid import UUID

from api.live.asked import WaitAsked
from api.server.live.parked import ParkedRequest

#: Those that are remembered.
_MOST = 200


class GoneClients:
    """The last ones of one process. What is to be done for them is done by other threads, and perhaps not yet."""

    def __init__(self) -> None:
        self._waiting: dict[ParkedRequest, None] = {}
        self._asked: list[WaitAsked] = []

    def watch(self, parked: ParkedRequest) -> None:
        """From now on the client of this wait may go away. Any thread may say so."""
        self._waiting[parked] = None

    def stop_watching(self, parked: ParkedRequest) -> None:
        """The wait is over."""
        self._waiting.pop(parked, None)

    def remember(self, asked: WaitAsked) -> None:
        """The client of this wait has gone away. Called in one thread alone."""
        self._asked = [*self._asked, asked][-_MOST:]

    def see_to(self, account_id: UUID) -> None:
        """Do now what is to be done for those of the account, also for those that still seem to wait. Any thread may ask."""
        waiting = [parked for parked in list(self._waiting) if parked.asked.lost is not None]
        gone = [parked.asked for parked in waiting if parked.is_client_gone()]
        for asked in (*self._asked, *gone):
            if asked.lost is not None and asked.account_id == account_id:
                asked.lost()
