"""Lists of pictures, by name: `darkroom.boards`."""

from __future__ import annotations

from darkroom.answers import read_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, at, get
from darkroom.views.boards import Board


class AsyncBoards:
    """The boards of the account. `darkroom.outputs` puts pictures on them, and lists what is on one."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, name: str) -> Board:
        """Make an empty board. Raises InvalidRequest if another has the name. Calls `POST /v1/boards`."""
        request = Request("POST", "/v1/boards", json={"name": name}, is_repeatable=False)
        return await self._transport.ask(request, Board)

    async def get(self, board: str | Board) -> Board:
        """The board, with the number of pictures on it. Calls `GET /v1/boards/{board_id}`."""
        return await self._transport.ask(get(at("/v1/boards/{}", board)), Board)

    async def rename(self, board: str | Board, name: str) -> Board:
        """Give the board another name. Calls `PATCH /v1/boards/{board_id}`."""
        return await self._transport.ask(Request("PATCH", at("/v1/boards/{}", board), json={"name": name}), Board)

    async def delete(self, board: str | Board) -> None:
        """Delete the board, and none of its pictures. Calls `DELETE /v1/boards/{board_id}`."""
        await self._transport.send(Request("DELETE", at("/v1/boards/{}", board)))

    async def list(self) -> list[Board]:
        """All boards, by name. Calls `GET /v1/boards`."""
        return read_views(Board, (await self._transport.ask_json(get("/v1/boards")))["data"])
