"""Bodies that cost a careless reader far more than their length: each kind of value in each field of a request."""

from __future__ import annotations

from collections.abc import Iterator

from core.jobs.request.render_request import RenderRequest

#: Bytes of each body: as long as a body without images may be.
BODY_BYTES = 1024 * 1024

#: The fields that are filled, by address.
FIELDS = {
    "/v1/jobs": [*RenderRequest.model_fields, "steps", "guidance_rescale", "an_unknown_name"],
    "/v1/webhook-endpoints": ["url", "description", "an_unknown_name"],
}

#: Left for what stands around a value.
_AROUND = 200

#: Deep, and still read by the JSON parser.
_DEPTH = 900


def list_bodies(path: str) -> Iterator[tuple[str, bytes]]:
    """Every body for an address of the API with its name, such as `loras: a list of zeros`. None is a valid request."""
    values = list(_list_values())
    for field in FIELDS[path]:
        for name, value in values:
            prompt = "" if field == "prompt" else '"prompt": "a mug", "seed": -1, '
            yield f"{field}: {name}", f'{{{prompt}"{field}": {value}}}'.encode()
    for name, value in values:
        yield f"the whole body: {name}", value.encode()
    yield "broken: half a string", b'{"prompt": "' + b"x" * (BODY_BYTES - _AROUND)
    yield "broken: not UTF-8", b'{"prompt": "' + b"\xff" * (BODY_BYTES - _AROUND) + b'"}'
    yield "broken: blanks", b" " * BODY_BYTES
    yield "broken: quotes", b'"' * BODY_BYTES
    yield "broken: backslashes", b'"' + b"\\" * (BODY_BYTES - 1)
    yield "broken: depth", b"[" * BODY_BYTES
    yield "broken: depth of objects", b'{"a":' * (BODY_BYTES // 5)
    yield "unknown fields", _repeat("{", '"f{}":0', "}").encode()
    yield "unknown fields with long names", _repeat("{", '"f{}' + "x" * 1000 + '":0', "}").encode()


def _list_values() -> Iterator[tuple[str, str]]:
    room = BODY_BYTES - _AROUND
    for name, piece in (
        ("ASCII", "x"),
        ("quotes", r"\""),
        ("line ends", r"\n"),
        ("control characters", r"\u0000"),
        ("halves of pairs", r"\ud800"),
        ("emoji", "🍵"),
        ("invisible", "\u200b"),
        ("marks out of order", "\u0315\u0316"),
        ("what NFC makes longer", "\U0001d160"),
    ):
        yield f"a long string of {name}", '"' + piece * (room // len(piece.encode())) + '"'
    yield "4,000 marks out of order", '"a' + "\u0315\u0316" * 1999 + '"'
    yield "a data URI of blanks", '"data:image/png;base64,' + r"\n" * (room // 2) + '"'
    yield "a data URI of nothing", '"data:image/png;base64,' + "A" * room + '"'
    for name, item in (
        ("zeros", "0"),
        ("nulls", "null"),
        ("empty strings", '""'),
        ("empty lists", "[]"),
        ("empty objects", "{}"),
        ("LoRAs", '{"id":"x"}'),
        ("wrong LoRAs", '{"id":0}'),
        ("numbers of 4,299 digits", "9" * 4299),
        ("strings of 2,000 characters", '"' + "x" * 2000 + '"'),
    ):
        yield f"a list of {name}", _repeat("[", item, "]")
    for name, item in (
        ("strings", '"k{}":""'),
        ("zeros", '"k{}":0'),
        ("one key", '"k":0'),
        ("objects", '"k{}":{{}}'),
        ("long strings", '"k{}":"' + "x" * 2000 + '"'),
        ("keys that NFC makes one", '"e\u0301{}":"","\u00e9{}":""'),
    ):
        yield f"an object of {name}", _repeat("{", item, "}")
    yield "a number of many digits", "9" * room
    yield "a fraction of many digits", "0." + "1" * room
    yield "an exponent of many digits", "1e" + "9" * room
    yield "depth of lists", "[" * _DEPTH + "]" * _DEPTH
    yield "depth of objects", '{"a":' * _DEPTH + "0" + "}" * _DEPTH
    yield "lists of lists", _repeat("[", "[" + "[]," * 99 + "[]]", "]")


def _repeat(head: str, item: str, tail: str) -> str:
    """As many items as there is space for; `{}` in an object's item is its number."""
    is_object = head == "{"
    length = len((item.format(100_000, 100_000) if is_object else item).encode()) + 1
    count = (BODY_BYTES - _AROUND) // length
    items = (item.format(number, number) for number in range(count)) if is_object else [item] * count
    return head + ",".join(items) + tail
