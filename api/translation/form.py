"""Read the parts of a multipart body: fields, and files whatever their type is said to be."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from api.large_bodies import admit_large_body
from api.unread_body import note_whole_body

_MULTIPART = "multipart/form-data"

#: Bytes of all fields that are no files.
_FIELD_BYTES = 1024 * 1024


@dataclass(frozen=True)
class SentFile:
    """A part that is a file."""

    filename: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Form:
    """All parts, by their names, in their order."""

    fields: dict[str, list[str]]
    files: dict[str, list[SentFile]]

    def read_values(self, texts: Collection[str]) -> dict[str, Any]:
        """The fields, each of them once, as JSON would have them: numbers and switches are written so; `outer[inner]` is an object's. Those
        of `texts` stay text, whatever they look like.
        """
        values: dict[str, Any] = {}
        for name, sent in self.fields.items():
            outer, bracket, inner = name.partition("[")
            if bracket and inner != "]":
                values.setdefault(outer, {})[inner.removesuffix("]")] = sent[-1]
            else:
                values[outer] = sent[-1] if outer in texts else _read_value(sent[-1])
        return values


def is_form() -> bool:
    """Whether the body comes in parts."""
    return request.mimetype == _MULTIPART


def read_form() -> Form:
    """The parts of the current request's body. Raises 413 for more than the operation takes (`takes_images`), 415 for another media
    type, 400 for a body that has no parts, and PicturesBusy.
    """
    if not is_form():
        raise UnsupportedMediaType(f"Send the body as {_MULTIPART}.")
    admit_large_body(request.content_length)
    request.max_form_memory_size = _FIELD_BYTES
    fields = request.form.to_dict(flat=False)
    files = {name: [_read_file(each) for each in sent] for name, sent in request.files.lists()}
    note_whole_body()
    if not fields and not files:
        raise BadRequest(f"The body is not valid {_MULTIPART}.")
    return Form(fields, files)


def _read_file(part: FileStorage) -> SentFile:
    # A large one lies in a file of its own.
    with closing(part):
        return SentFile(part.filename or "", part.mimetype, part.read())


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
