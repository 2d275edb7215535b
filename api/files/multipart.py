"""Read one part of a multipart body, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from werkzeug.exceptions import BadRequest
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from core.errors import FieldError, InvalidRequest

#: Bytes that the decoder keeps of what is not the part's content: heads of parts, and what stands before the first one.
_KEPT_BYTES = 1024 * 1024

#: Bytes of what separates two parts. RFC 2046 (section 5.1.1) allows 70, and some clients send more.
_LONGEST_BOUNDARY = 200


def read_part(pieces: Iterator[bytes], parameters: Mapping[str, str], name: str) -> Iterator[bytes]:
    """The content of the part of this name, in a body that comes in pieces and whose Content-Type has the parameters.

    Raises BadRequest for a body that is malformed, and InvalidRequest if there is another part, or not exactly one of the
    name.
    """
    boundary = parameters.get("boundary", "")
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
        raise BadRequest("The Content-Type has to name the boundary between the parts.")
    decoder = MultipartDecoder(boundary.encode("ascii"), max_form_memory_size=_KEPT_BYTES)
    is_found = False
    for event in _decode(decoder, pieces):
        if isinstance(event, (Field, File)):
            if event.name != name:
                raise InvalidRequest([FieldError(str(event.name), f"is not taken here: send one part, `{name}`")])
            if is_found:
                raise InvalidRequest([FieldError(name, "is there twice: send one file with each request")])
            is_found = True
        elif isinstance(event, Data) and event.data:
            yield event.data
    if not is_found:
        raise InvalidRequest([FieldError(name, "is required: the part that holds the picture")])


def _decode(decoder: MultipartDecoder, pieces: Iterator[bytes]) -> Iterator[Event]:
    # None says that nothing more comes.
    for piece in chain(pieces, (None,)):
        try:
            decoder.receive_data(piece)
            events = list(_list_events(decoder))
        except ValueError as error:
            raise BadRequest("The body is not valid multipart/form-data.") from error
        yield from events


def _list_events(decoder: MultipartDecoder) -> Iterator[Event]:
    while not isinstance(event := decoder.next_event(), NeedData):
        yield event
        if isinstance(event, Epilogue):
            return
