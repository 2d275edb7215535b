"""Pictures that were drawn, found again and marked: `darkroom.outputs`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from darkroom.answers import read_views
from darkroom.errors import ConnectionFailed
from darkroom.picture import Picture
from darkroom.request import Request, at, build_body, get, identify
from darkroom.synchronous.pages import list_views
from darkroom.synchronous.transport import Transport
from darkroom.views.boards import Board
from darkroom.views.job_parts import Output
from darkroom.views.outputs import GalleryOutput
from darkroom.views.sweeps import Sweep

#: An id, or what a call has returned.
OutputIn = str | GalleryOutput | Output | Picture


class Outputs:
    """The pictures of all jobs of the account, favourites, and what is on boards. A mark keeps no picture for longer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, output: OutputIn) -> GalleryOutput:
        """The picture as it stands, with a fresh address. Calls `GET /v1/outputs/{output_id}`."""
        return self._transport.ask(get(at("/v1/outputs/{}", output)), GalleryOutput)

    def change(
        self, output: OutputIn, *, favourite: bool | None = None, boards: Sequence[str | Board] | None = None
    ) -> GalleryOutput:
        """Make a picture a favourite or none, and put it on exactly these boards. Calls `PATCH /v1/outputs/{output_id}`."""
        on = None if boards is None else [identify(board) for board in boards]
        body = build_body({"favourite": favourite, "boards": on})
        return self._transport.ask(Request("PATCH", at("/v1/outputs/{}", output), json=body), GalleryOutput)

    def change_many(
        self,
        outputs: Sequence[OutputIn],
        *,
        favourite: bool | None = None,
        add_to_board: str | Board | None = None,
        remove_from_board: str | Board | None = None,
    ) -> list[GalleryOutput]:
        """Mark up to 100 pictures: all of them, or none. Calls `POST /v1/outputs/change`."""
        body = build_body(
            {
                "outputs": [identify(output) for output in outputs],
                "favourite": favourite,
                "add_to_board": _name(add_to_board),
                "remove_from_board": _name(remove_from_board),
            }
        )
        answer = self._transport.ask_json(Request("POST", "/v1/outputs/change", json=body))
        return read_views(GalleryOutput, answer["data"])

    def download(self, output: OutputIn) -> Picture:
        """The picture with its bytes. Raises ConnectionFailed, or NotFound if it is deleted."""
        found = self.get(output)
        response = self._transport.download(found.url)
        if hashlib.sha256(response.content).hexdigest() != found.sha256:
            raise ConnectionFailed(f"{found.id} was not read whole: the store answered with {response.status_code}")
        return Picture(
            response.content,
            found.media_type,
            found.width,
            found.height,
            seed=found.seed,
            id=found.id,
            caption=found.prompt or "",
        )

    def list(
        self,
        *,
        favourite: bool | None = None,
        board: str | Board | None = None,
        on_board: bool | None = None,
        model: Sequence[str] | str | None = None,
        task: Sequence[str] | str | None = None,
        style: Sequence[str] | str | None = None,
        sweep: str | Sweep | None = None,
        prompt: str | None = None,
        sha256: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        order: Literal["desc", "asc"] | None = None,
        limit: int | None = None,
    ) -> Iterator[GalleryOutput]:
        """The pictures that all filters let through, the newest first; `prompt` looks for words, `sha256` for these bytes.

        Calls `GET /v1/outputs`.
        """
        return list_views(
            self._transport,
            "/v1/outputs",
            GalleryOutput,
            limit,
            favourite=favourite,
            board=_name(board),
            on_board=on_board,
            model=model,
            task=task,
            style=style,
            sweep=_name(sweep),
            prompt=prompt,
            sha256=sha256,
            created_after=created_after,
            created_before=created_before,
            order=order,
        )


def _name(thing: Any) -> str | None:
    return None if thing is None else identify(thing)
