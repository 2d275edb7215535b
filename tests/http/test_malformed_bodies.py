"""Bodies that are none: 400, quietly, and the connection ends, so that nothing behind them is taken for a request."""

from __future__ import annotations

import json

import pytest

from tests.http.served import ServedApi

JOB = b'{"prompt": "a secret mug"}'

#: What a smuggler puts behind the body.
NEXT = b"GET /livez HTTP/1.1\r\nHost: api.example\r\n\r\n"

SIZE = b"%x\r\n" % len(JOB)

MALFORMED = {
    "no hex size": b"zz\r\n" + JOB + b"\r\n0\r\n\r\n",
    "not in chunks": JOB,
    "not in chunks, with a line end": JOB + b"\r\n",
    "an empty line": b"\r\n",
    "a blank size": b"  \r\n" + JOB + b"\r\n0\r\n\r\n",
    "negative": b"-1\r\n" + JOB + b"\r\n0\r\n\r\n",
    "plus": b"+" + SIZE + JOB + b"\r\n0\r\n\r\n",
    "0x": b"0x" + SIZE + JOB + b"\r\n0\r\n\r\n",
    "1_a": b"1_a\r\n" + JOB + b"\r\n0\r\n\r\n",
    "another script's digits": "\u0661\u0666\r\n".encode() + JOB + b"\r\n0\r\n\r\n",
    "with a blank before it": b" " + SIZE + JOB + b"\r\n0\r\n\r\n",
    "with a blank behind it": b"1a \r\n" + JOB + b"\r\n0\r\n\r\n",
    "too short": b"5\r\n" + JOB + b"\r\n0\r\n\r\n",
    "too long by one": b"%x\r\n" % (len(JOB) + 1) + JOB + b"\r\n0\r\n\r\n",
    "no CRLF behind a chunk": SIZE + JOB + b"0\r\n\r\n",
    "a bare line feed behind a chunk": SIZE + JOB + b"\n0\r\n\r\n",
    "a bare line feed behind a size": b"1a\n" + JOB + b"\r\n0\r\n\r\n",
    "an extension without a name": b"1a;;\r\n" + JOB + b"\r\n0\r\n\r\n",
    "an extension with a bare CR": b"1a;a\rb\r\n" + JOB + b"\r\n0\r\n\r\n",
    "an extension with a zero byte": b"1a;a=\x00\r\n" + JOB + b"\r\n0\r\n\r\n",
    "an extension of 64 KiB": b"1a;" + b"a" * 65_536 + b"\r\n" + JOB + b"\r\n0\r\n\r\n",
    "a size line without end": b"1" * 20_000,
    "a trailer without a colon": SIZE + JOB + b"\r\n0\r\nno colon\r\n\r\n",
    "a trailer that is a length": SIZE + JOB + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
    "a trailer that is a key": SIZE + JOB + b"\r\n0\r\nAuthorization: Bearer x\r\n\r\n",
    "a trailer with a zero byte": SIZE + JOB + b"\r\n0\r\nA: \x00\r\n\r\n",
    "a trailer with a bare line feed": SIZE + JOB + b"\r\n0\r\nA: b\nC: d\r\n\r\n",
    "a folded trailer": SIZE + JOB + b"\r\n0\r\nA: b\r\n c\r\n\r\n",
    "too many trailers": SIZE + JOB + b"\r\n0\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    "a trailer of 64 KiB": SIZE + JOB + b"\r\n0\r\nA: " + b"b" * 65_536 + b"\r\n\r\n",
}

#: Bodies that end before they should.
CUT_SHORT = {
    "nothing": b"",
    "within a size": b"1",
    "within a chunk": b"ff\r\n" + JOB,
    "a size of 16 digits": b"f" * 16 + b"\r\n" + JOB,
    "a size of 1,000 digits": b"f" * 1_000 + b"\r\n" + JOB,
    "behind a chunk": SIZE + JOB,
    "no last chunk": SIZE + JOB + b"\r\n",
    "within the trailers": SIZE + JOB + b"\r\n0\r\nA: b\r\n",
    "no end of the trailers": SIZE + JOB + b"\r\n0\r\n",
}


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_chunks_are_400(api: ServedApi, body: str) -> None:
    """F55: the answer says that the body cannot be read, and repeats nothing of it; what follows is not answered."""
    exchange = api.post(MALFORMED[body] + NEXT, "Transfer-Encoding: chunked")

    assert exchange.statuses == [400]
    assert exchange.is_closed
    assert exchange.header("Connection") == "close"
    assert exchange.header("Content-Type") == "application/problem+json"
    problem = json.loads(exchange.received.partition(b"\r\n\r\n")[2])
    assert "could not be read" in problem["detail"]
    assert "secret" not in exchange.received.decode() + api.log.read_text()


@pytest.mark.parametrize("body", CUT_SHORT)
def test_a_chunked_body_that_is_cut_short_is_400(api: ServedApi, body: str) -> None:
    """F55: the client has sent its last byte, and the body is not complete."""
    exchange = api.post(CUT_SHORT[body], "Transfer-Encoding: chunked", then_close=True)

    assert exchange.statuses == [400]
    assert exchange.is_closed


@pytest.mark.parametrize("missing", [1, 1_000])
def test_a_body_shorter_than_its_length_is_400(api: ServedApi, missing: int) -> None:
    """F55: JSON that happens to be whole is no job if more was promised."""
    exchange = api.post(JOB, f"Content-Length: {len(JOB) + missing}", then_close=True)

    assert exchange.statuses == [400]
    assert exchange.is_closed


@pytest.mark.parametrize("body", MALFORMED)
@pytest.mark.parametrize(
    "request_line", ["POST /v1/jobs", "GET /livez", "POST /v1/nowhere", "DELETE /v1/jobs/job_0", "GET /docs/"]
)
def test_a_body_that_nobody_reads_ends_the_connection_too(api: ServedApi, body: str, request_line: str) -> None:
    """F55: without a key, or where no body belongs: one answer, no error of ours, and nothing behind it is answered."""
    head = f"{request_line} HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange = api.send(head.encode() + MALFORMED[body] + NEXT)

    assert len(exchange.statuses) == 1
    assert exchange.statuses[0] < 500
    assert exchange.is_closed


@pytest.mark.parametrize(
    "body",
    [
        SIZE + JOB + b"\r\n0\r\n\r\n",
        b"1A\r\n" + JOB + b"\r\n0\r\n\r\n",
        b"000000001a\r\n" + JOB + b"\r\n000\r\n\r\n",
        b'1a;name=value;other="quoted; text"\r\n' + JOB + b"\r\n0;last\r\n\r\n",
        b"".join(b"1\r\n%c\r\n" % byte for byte in JOB) + b"0\r\n\r\n",
        SIZE + JOB + b"\r\n0\r\nDigest: abc\r\n\r\n",
    ],
    ids=["one chunk", "upper case", "zeros before it", "extensions", "a chunk for each byte", "a trailer"],
)
def test_chunks_as_they_should_be_are_a_job(api: ServedApi, body: bytes) -> None:
    """What the standard allows is read, and the connection is kept."""
    exchange = api.post(body + NEXT, "Transfer-Encoding: chunked")

    assert exchange.statuses == [202, 200]
