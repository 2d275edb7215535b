"""Read JSON bodies strictly: what a lenient parser lets through becomes an error with a reason."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

#: Bytes; a longer body is refused with 413 before it is read.
MAX_BODY_BYTES = 1024 * 1024


class JsonRequest(Request):
    """A request whose JSON is parsed strictly, also where a library asks for it silently."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002
        """The parsed body. Raises 415 for another media type and 400 for broken JSON.

        NaN and infinities pass here, so that validation can name the field that holds them.
        """
        if not self.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        if self.content_encoding:
            raise UnsupportedMediaType("Send the body without a Content-Encoding.")
        try:
            body = json.loads(self.get_data(cache=True).decode("utf-8"), object_pairs_hook=_refuse_duplicates)
        except (ValueError, RecursionError) as error:
            _refuse(f"The body is not valid JSON: {error}")
        # A string here would be parsed once more as JSON by the framework.
        return body if isinstance(body, dict) else [body]


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _refuse(reason: str) -> NoReturn:
    raise BadRequest(reason)
