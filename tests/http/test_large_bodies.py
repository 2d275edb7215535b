"""Bodies with megabytes of picture, which are read straight into the memory where they stay."""

from __future__ import annotations

import base64
import time
from itertools import pairwise

import pytest

from tests.http.served import ServedApi, read
from tests.unit.pictures import data_uri, encode, picture

#: As long as a picture is; what it holds is none.
LARGE = b'{"prompt": "a mug", "image": "data:image/png;base64,' + base64.b64encode(bytes(3_000_000)) + b'"}'

#: A picture, with so much behind it that it counts as large.
JOB = f'{{"prompt": "a mug", "image": "{data_uri(encode(picture(64, 48)) + bytes(200_000))}"}}'.encode()

NEXT = b"GET /livez HTTP/1.1\r\nHost: api.example\r\n\r\n"


@pytest.mark.parametrize(("body", "status"), [(LARGE, 422), (JOB, 202)], ids=["no picture", "a picture"])
def test_what_follows_a_large_body_is_the_next_request(api: ServedApi, body: bytes, status: int) -> None:
    """Of a body with a length no byte is missing, and none too many is read."""
    assert api.post(body + NEXT, f"Content-Length: {len(body)}").statuses == [status, 200]


@pytest.mark.parametrize("size", [999, 65_536, 5_000_000])
def test_a_large_body_in_chunks_is_the_same_job(api: ServedApi, size: int) -> None:
    """Whatever the client makes of it."""
    pieces = [JOB[start : start + size] for start in range(0, len(JOB), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    assert api.post(chunks + NEXT, "Transfer-Encoding: chunked").statuses == [202, 200]


@pytest.mark.parametrize("missing", [1, 100_000])
def test_a_large_body_that_is_cut_short_is_400(api: ServedApi, missing: int) -> None:
    """The rest of its memory is empty, and no part of a body."""
    exchange = api.post(LARGE, f"Content-Length: {len(LARGE) + missing}", then_close=True)

    assert exchange.statuses == [400]
    assert exchange.is_closed


def test_a_large_body_comes_in_pieces(api: ServedApi) -> None:
    """A client that is interrupted again and again, also within the head, gets its job."""
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer {api.api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(JOB)}\r\nConnection: close\r\n\r\n"
    ).encode()
    data = head + JOB
    borders = [0, 20, len(head), len(head) + 1, len(head) + 70_000, len(data) - 1, len(data)]

    with api.connect() as connection:
        for start, end in pairwise(borders):
            connection.sendall(data[start:end])
            time.sleep(0.05)
        assert read(connection).statuses == [202]


def test_a_body_of_more_than_32_mib_is_413(api: ServedApi) -> None:
    """By its length at once, and in chunks as soon as there are so many bytes."""
    chunk = b"%x\r\n%b\r\n" % (2**20, b" " * 2**20)

    assert api.post(b"", f"Content-Length: {32 * 2**20 + 1}").statuses == [413]
    assert api.post(chunk * 33 + b"0\r\n\r\n", "Transfer-Encoding: chunked").statuses == [413]
