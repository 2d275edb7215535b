"""Read JSON bodies strictly: what a lenient parser lets through becomes an error with a reason."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Request, current_app, request
from werkzeug.exceptions import BadRequest, ClientDisconnected, UnsupportedMediaType

from api.body_memory import release_with_body, take_memory
from api.large_bodies import admit_large_body, turn_to_parse
from api.parse_json import parse_json
from api.return_memory import note_body
from api.unread_body import note_whole_body
from core.pictures.picture_text import PictureText

#: Bytes of a body that may hold images; what is beside them in the body has a limit of its own.
_MAX_BODY_BYTES_WITH_IMAGES = 32 * 1024 * 1024

#: The attribute of a view function that `takes_images` sets.
_PICTURE_FIELDS = "picture_fields"

_Operation = TypeVar("_Operation", bound=Callable[..., Any])


def takes_images(*fields: str) -> Callable[[_Operation], _Operation]:
    """Decorator of an operation whose body may hold images, in these fields. It stands below the blueprint's decorator."""

    def mark(operation: _Operation) -> _Operation:
        setattr(operation, _PICTURE_FIELDS, frozenset(fields))
        return operation

    return mark


def set_body_limit() -> None:
    """Before the operation is called: let its body be as long as images are, if it takes them."""
    if _picture_fields():
        request.max_content_length = _MAX_BODY_BYTES_WITH_IMAGES


def _picture_fields() -> frozenset[str]:
    operation = current_app.view_functions.get(request.endpoint or "")
    fields: frozenset[str] = getattr(operation, _PICTURE_FIELDS, frozenset())
    return fields


class JsonRequest(Request):
    """A request whose JSON is parsed strictly, even if a library asks for it silently."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002
        """The parsed body. It can be read once: with images it takes megabytes, so it is not kept.

        Raises 415 for another media type, 413 for a body that is too long, 422 for one that holds too much, 400 for
        broken JSON, and PicturesBusy if too many large bodies are read at the moment.
        """
        if not self.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        if self.content_encoding:
            raise UnsupportedMediaType("Send the body without a Content-Encoding.")
        admit_large_body(self.content_length)
        data = self._read_whole()
        with turn_to_parse(len(data)):
            body = parse_json(data, picture_fields=_picture_fields())
        if not isinstance(body, dict):
            # A string here would be parsed once more as JSON by the framework.
            return [body]
        for value in body.values():
            if isinstance(value, PictureText):
                release_with_body(value)
        return body

    def _read_whole(self) -> memoryview:
        # Raises 413 for a length over the limit.
        stream = cast("io.RawIOBase", self.stream)
        length = self.content_length
        # One that comes in chunks is as long as it may be.
        most = length if length is not None else self.max_content_length or 0
        view, read = take_memory(most), 0
        try:
            # Asked for more than the limit, it raises 413.
            while read != length and (count := stream.readinto(view[read:])):
                read += count
        except ClientDisconnected as error:
            # What the server's reader raised is its context.
            raise BadRequest(f"The body could not be read: {error.__context__ or 'it is cut short'}.") from error
        finally:
            note_body(read)
        note_whole_body()
        return view[:read]
