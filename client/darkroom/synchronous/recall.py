"""Hand a request over to the open pages of the account: `darkroom.recall`."""

from __future__ import annotations

from typing import Any

from typing_extensions import Unpack

from darkroom.answers import read_view
from darkroom.parameters import Parameters
from darkroom.request import Request, get
from darkroom.synchronous.files import Files
from darkroom.synchronous.transport import Transport
from darkroom.views.recall import Recall


class Recalls:
    """The request that the forms of the account's open pages show."""

    def __init__(self, transport: Transport, files: Files) -> None:
        self._transport = transport
        self._files = files

    def put(self, prompt: str | None = None, **parameters: Unpack[Parameters]) -> Recall:
        """Put a request into the forms, to be looked at before it is sent. Nothing is queued. Calls `PUT /v1/recall`."""
        values: dict[str, Any] = {"prompt": prompt, **parameters}
        body = self._files.place({name: value for name, value in values.items() if value is not None})
        return self._transport.ask(Request("PUT", "/v1/recall", json=body), Recall)

    def get(self, *, after: int = 0, wait: float | None = None) -> Recall | None:
        """The last request that was handed over, if its number is larger than `after`; with `wait`, as soon as there is one.

        Calls `GET /v1/recall`.
        """
        found = (self._transport.ask_json(get("/v1/recall", after=after, wait=wait)))["data"]
        return read_view(Recall, found[-1]) if found else None
