"""Receipts of what was deleted: `darkroom.deletions`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from darkroom.asynchronous.pages import list_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import at, get
from darkroom.views.deletions import Deletion


class AsyncDeletions:
    """The receipts of the account's deletions."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, deletion: str | Deletion) -> Deletion:
        """The receipt as it stands: `completed` when nothing is left. Calls `GET /v1/deletions/{deletion_id}`."""
        return await self._transport.ask(get(at("/v1/deletions/{}", deletion)), Deletion)

    def list(self, *, limit: int | None = None) -> AsyncIterator[Deletion]:
        """All receipts, the newest first. Calls `GET /v1/deletions`."""
        return list_views(self._transport, "/v1/deletions", Deletion, limit)
