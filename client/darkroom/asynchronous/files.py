"""Pictures that are sent by themselves: `darkroom.files`."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from darkroom.asynchronous.pages import list_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.errors import ConnectionFailed, InvalidPicture, NotFound, Refused
from darkroom.picture import Picture
from darkroom.pictures_in import PICTURE_PARAMETERS, PictureIn, build_data_uri, read_picture
from darkroom.request import Request, at, get
from darkroom.views.deletions import Deletion
from darkroom.views.files import File

#: Less than that is sent sooner than it is asked for.
_WORTH_A_QUESTION = 65_536


class AsyncFiles:
    """Pictures that are sent once and named in many requests."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def send(self, picture: PictureIn) -> File:
        """Send a picture, unless the service has it: the same bytes are one file. Calls `POST /v1/files`."""
        data = read_picture(picture)
        if isinstance(data, str):
            raise InvalidPicture(f"{data[:80]!r} is not sent: name it in the request")
        if len(data) >= _WORTH_A_QUESTION:
            known = await self.find(hashlib.sha256(data).hexdigest())
            if known is not None:
                return known
        return await self._transport.ask(Request("POST", "/v1/files", file=data), File)

    async def find(self, sha256: str) -> File | None:
        """The file of these bytes, kept from now on as long as a new one; None: there is none. Calls `POST /v1/files`."""
        try:
            return await self._transport.ask(Request("POST", "/v1/files", json={"sha256": sha256}), File)
        except NotFound:
            return None

    async def get(self, file: str | File) -> File:
        """The file, with a fresh address. Calls `GET /v1/files/{file_id}`."""
        return await self._transport.ask(get(at("/v1/files/{}", file)), File)

    def list(self, *, limit: int | None = None) -> AsyncIterator[File]:
        """All files, or the `limit` newest. Calls `GET /v1/files`."""
        return list_views(self._transport, "/v1/files", File, limit)

    async def delete(self, file: str | File) -> Deletion:
        """Delete the file; the answer is the receipt. Calls `DELETE /v1/files/{file_id}`."""
        return await self._transport.ask(Request("DELETE", at("/v1/files/{}", file)), Deletion)

    async def download(self, file: str | File) -> Picture:
        """The file's picture. Raises ConnectionFailed, or NotFound if it is deleted."""
        found = await self.get(file)
        response = await self._transport.download(found.url)
        if hashlib.sha256(response.content).hexdigest() != found.sha256:
            raise ConnectionFailed(f"{found.id} was not read whole: the store answered with {response.status_code}")
        return Picture(response.content, found.media_type, found.width, found.height, id=found.id)

    async def place(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with each picture as the service takes it: bytes are sent before, and named by the id of their file.

        With `store` false they stand in the request itself, so that no file is left behind.
        """
        placed = dict(parameters)
        is_kept = placed.get("store") is not False
        for name in PICTURE_PARAMETERS:
            value = placed.get(name)
            if isinstance(value, (list, tuple)):
                placed[name] = [await self._place_one(name, each, is_kept=is_kept) for each in value]
            elif value is not None:
                placed[name] = await self._place_one(name, value, is_kept=is_kept)
        return placed

    async def _place_one(self, name: str, picture: Any, *, is_kept: bool) -> str:
        try:
            read = read_picture(picture)
            if isinstance(read, str):
                return read
            return (await self.send(read)).id if is_kept else build_data_uri(read)
        except InvalidPicture as error:
            raise InvalidPicture(f"{name}: {error}") from error
        except Refused as error:
            # The refusal is of the file, which its sender does not know by that name.
            error.args = (f"{name}: {error}",)
            raise
