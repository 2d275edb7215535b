"""Lists of pictures, by name: `darkroom.boards`."""

from __future__ import annotations

from darkroom.answers import read_views
from darkroom.request import Request, at, get
from darkroom.synchronous.transport import Transport
from darkroom.views.boards import Board


class Boards:
    """The boards of the account. `darkroom.outputs` puts pictures on them, and lists what is on one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, name: str) -> Board:
        """Make an empty board. Raises InvalidRequest if another has the name. Calls `POST /v1/boards`."""
        request = Request("POST", "/v1/boards", json={"name": name}, is_repeatable=False)
        return self._transport.ask(request, Board)

    def get(self, board: str | Board) -> Board:
        """The board, with the number of pictures on it. Calls `GET /v1/boards/{board_id}`."""
        return self._transport.ask(get(at("/v1/boards/{}", board)), Board)

    def rename(self, board: str | Board, name: str) -> Board:
        """Give the board another name. Calls `PATCH /v1/boards/{board_id}`."""
        return self._transport.ask(Request("PATCH", at("/v1/boards/{}", board), json={"name": name}), Board)

    def delete(self, board: str | Board) -> None:
        """Delete the board, and none of its pictures. Calls `DELETE /v1/boards/{board_id}`."""
        self._transport.send(Request("DELETE", at("/v1/boards/{}", board)))

    def list(self) -> list[Board]:
        """All boards, by name. Calls `GET /v1/boards`."""
        return read_views(Board, (self._transport.ask_json(get("/v1/boards")))["data"])
