"""Read JSON bodies strictly: what a lenient parser lets through becomes an error with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request, current_app, request
from werkzeug.exceptions import BadRequest, ClientDisconnected, UnsupportedMediaType

from api.large_bodies import admit_large_body, turn_to_parse
from api.parse_json import parse_json
from api.return_memory import note_body
from api.unread_body import note_whole_body

#: Bytes of a body that may hold images; what is beside them in the body has a limit of its own.
_MAX_BODY_BYTES_WITH_IMAGES = 32 * 1024 * 1024

#: Bytes of one read: as many as the server takes off the connection at once. Of what it holds it copies the rest each time.
_CHUNK_BYTES = 1024 * 1024

#: The attribute of a view function that `takes_images` sets.
_TAKES_IMAGES = "takes_images"

_Operation = TypeVar("_Operation", bound=Callable[..., Any])


def takes_images(operation: _Operation) -> _Operation:
    """Decorator of an operation whose body may hold images. It stands below the blueprint's decorator."""
    setattr(operation, _TAKES_IMAGES, True)
    return operation


def set_body_limit() -> None:
    """Before the operation is called: let its body be as long as images are, if it takes them."""
    operation = current_app.view_functions.get(request.endpoint or "")
    if getattr(operation, _TAKES_IMAGES, False):
        request.max_content_length = _MAX_BODY_BYTES_WITH_IMAGES


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
            body = parse_json(data)
        # A string here would be parsed once more as JSON by the framework.
        return body if isinstance(body, dict) else [body]

    def _read_whole(self) -> bytearray:
        data = bytearray()
        try:
            # Raises 413 for a body over the limit, also for one that comes without its length.
            while chunk := self.stream.read(_CHUNK_BYTES):
                data += chunk
        except ClientDisconnected as error:
            # What the server's reader raised is its context.
            raise BadRequest(f"The body could not be read: {error.__context__ or 'it is cut short'}.") from error
        finally:
            note_body(len(data))
        note_whole_body()
        return data
