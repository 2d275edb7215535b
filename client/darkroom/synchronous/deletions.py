"""Receipts of what was deleted: `darkroom.deletions`."""

from __future__ import annotations

from collections.abc import Iterator

from darkroom.request import at, get
from darkroom.synchronous.pages import list_views
from darkroom.synchronous.transport import Transport
from darkroom.views.deletions import Deletion


class Deletions:
    """The receipts of the account's deletions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, deletion: str | Deletion) -> Deletion:
        """The receipt as it stands: `completed` when nothing is left. Calls `GET /v1/deletions/{deletion_id}`."""
        return self._transport.ask(get(at("/v1/deletions/{}", deletion)), Deletion)

    def list(self, *, limit: int | None = None) -> Iterator[Deletion]:
        """All receipts, the newest first. Calls `GET /v1/deletions`."""
        return list_views(self._transport, "/v1/deletions", Deletion, limit)
