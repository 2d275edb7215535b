"""Clients of requests that wait, which have gone away."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from api.live.asked import WaitAsked
from api.server.live.parked import ParkedRequest

#: Those that are remembered.
_MOST = 200


class GoneClients:
    """The last ones of one process. What is to be done for them is done by other threads, and perhaps not yet."""

    def __init__(self) -> None:
        self._asked: list[WaitAsked] = []

    def remember(self, asked: WaitAsked) -> None:
        """The client of this wait has gone away. Called in one thread alone."""
        self._asked = [*self._asked, asked][-_MOST:]

    def see_to(self, account_id: UUID, waiting: Iterable[ParkedRequest]) -> None:
        """Do now what is to be done for those of the account, also for those that still seem to wait. Any thread may ask."""
        gone = [parked.asked for parked in waiting if parked.asked.lost is not None and parked.is_client_gone()]
        for asked in (*self._asked, *gone):
            if asked.lost is not None and asked.account_id == account_id:
                asked.lost()
