"""Files over raw sockets: in pieces, in chunks, cut short, and too long before a byte of them is read."""

from __future__ import annotations

import time

import pytest

from tests.http.served import ServedApi, read
from tests.unit.pictures import encode, picture

#: With so much behind the picture that it is long.
FILE = encode(picture(64, 48)) + bytes(700_000)
MULTIPART = (
    b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="cat.png"\r\nContent-Type: text/plain\r\n\r\n'
    + FILE
    + b"\r\n--frontier--\r\n"
)
NEXT = b"GET /livez HTTP/1.1\r\nHost: api.example\r\n\r\n"


def build_head(api: ServedApi, *headers: str, kind: str = "image/png") -> bytes:
    lines = [
        "POST /v1/files HTTP/1.1",
        "Host: api.example",
        f"Authorization: Bearer {api.api_key}",
        f"Content-Type: {kind}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("body", "kind"), [(FILE, "image/png"), (MULTIPART, "multipart/form-data; boundary=frontier")], ids=["raw", "parts"]
)
def test_what_follows_a_file_is_the_next_request(api: ServedApi, body: bytes, kind: str) -> None:
    """Of a body with a length, and of one in chunks, no byte is missing, and none too many is read."""
    sized = api.send(build_head(api, f"Content-Length: {len(body)}", kind=kind) + body + NEXT)
    pieces = [body[start : start + 65_521] for start in range(0, len(body), 65_521)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    chunked = api.send(build_head(api, "Transfer-Encoding: chunked", kind=kind) + chunks + NEXT)

    assert sized.statuses in ([201, 200], [200, 200])
    assert chunked.statuses == [200, 200]


def test_a_file_that_is_too_long_is_refused_before_it_is_sent(api: ServedApi) -> None:
    """The answer comes although no byte of the 100 MB has, and ends the connection."""
    started = time.monotonic()
    with api.connect() as connection:
        connection.sendall(build_head(api, "Content-Length: 100000000"))
        exchange = read(connection)

    assert (exchange.statuses, exchange.is_closed) == ([413], True)
    assert time.monotonic() - started < 5


def test_a_file_in_chunks_is_refused_as_soon_as_it_is_too_long(api: ServedApi) -> None:
    """It says no length, so it is counted."""
    chunk = b"%x\r\n%b\r\n" % (2**20, bytes(2**20))

    assert api.send(build_head(api, "Transfer-Encoding: chunked") + chunk * 21 + b"0\r\n\r\n").statuses == [413]


def test_a_file_that_is_cut_short_is_400(api: ServedApi) -> None:
    """Nothing is made of the part that came."""
    head = build_head(api, f"Content-Length: {len(FILE) + 1}")

    assert api.send(head + FILE, then_close=True).statuses == [400]
