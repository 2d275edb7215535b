"""Read JSON bodies strictly: what a lenient parser lets through becomes an error with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request, current_app, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

#: Bytes; a longer body is refused with 413 before it is read.
MAX_BODY_BYTES = 1024 * 1024

#: The same for a body that may hold images; what is beside them in the body has the limit above.
_MAX_BODY_BYTES_WITH_IMAGES = 32 * 1024 * 1024

#: Bytes; a shorter data URI does not count as an image, since such could be sent by the million.
_SHORTEST_IMAGE = 1024

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
        """The parsed body. Raises 415 for another media type and 400 for broken JSON.

        NaN and infinities pass here, so that validation can name the field that holds them.
        """
        if not self.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        if self.content_encoding:
            raise UnsupportedMediaType("Send the body without a Content-Encoding.")
        data = self._read_whole()
        if len(data) > MAX_BODY_BYTES and _length_without_images(data) > MAX_BODY_BYTES:
            raise RequestEntityTooLarge("The body, without the images in it, is longer than 1 MiB.")
        try:
            body = json.loads(data.decode("utf-8"), object_pairs_hook=_refuse_duplicates)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"The body is not valid JSON: {error}") from error
        # A string here would be parsed once more as JSON by the framework.
        return body if isinstance(body, dict) else [body]

    def _read_whole(self) -> bytes:
        try:
            # Not kept: with images it takes megabytes, and nobody asks a second time.
            data = self.get_data(cache=False)
        except HTTPException:
            raise
        except (OSError, ValueError) as error:
            # The server's parser of chunked bodies complains with exceptions of its own.
            raise BadRequest(f"The body could not be read: {error}") from error
        if self.content_length is None and len(data) >= (self.max_content_length or 0):
            # werkzeug reads a body without a length up to the limit and leaves the rest.
            raise RequestEntityTooLarge
        return data


def _length_without_images(data: bytes) -> int:
    # A long body of anything but long strings would take many times its length when parsed.
    length, position = len(data), 0
    while (start := data.find(b'"data:image/', position)) >= 0 and (end := data.find(b'"', start + 1)) >= 0:
        if end - start >= _SHORTEST_IMAGE:
            length -= end - start
        position = end + 1
    return length


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result
