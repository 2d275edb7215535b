"""Heads of requests that are none: an answer of the 400 kind, quietly, and nothing behind them is taken for a request."""

from __future__ import annotations

import pytest

from tests.http.served import ServedApi

JOB = b'{"prompt": "a mug"}'
CHUNKED = b"%x\r\n" % len(JOB) + JOB + b"\r\n0\r\n\r\n"
NEXT = b"GET /livez HTTP/1.1\r\nHost: api.example\r\n\r\n"

LENGTH = f"Content-Length: {len(JOB)}"

#: Headers that contradict each other about where the body ends, and the status of each.
AMBIGUOUS = {
    "two lengths": ([LENGTH, "Content-Length: 5"], 400),
    "one length twice": ([LENGTH, LENGTH], 400),
    "a list of lengths": ([f"{LENGTH}, {len(JOB)}"], 400),
    "a negative length": (["Content-Length: -1"], 400),
    "a length with a plus": ([f"Content-Length: +{len(JOB)}"], 400),
    "a length with an underscore": (["Content-Length: 1_9"], 400),
    "a length in hex": (["Content-Length: 0x13"], 400),
    "a length that is no number": (["Content-Length: many"], 400),
    "an empty length": (["Content-Length:"], 400),
    "a length of another script": (["Content-Length: \xb2"], 400),
    "a length and chunks": ([LENGTH, "Transfer-Encoding: chunked"], 400),
    "chunks and a length": (["Transfer-Encoding: chunked", LENGTH], 400),
    "chunked twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400),
    "chunked, chunked": (["Transfer-Encoding: chunked, chunked"], 400),
    "chunked before gzip": (["Transfer-Encoding: chunked, gzip"], 400),
    "gzip": (["Transfer-Encoding: gzip"], 400),
    "identity": (["Transfer-Encoding: identity"], 400),
    "identity and a length": (["Transfer-Encoding: identity", LENGTH], 400),
    "a blank before the colon": (["Transfer-Encoding : chunked"], 400),
    "a zero byte in the coding": (["Transfer-Encoding: chunked\x00"], 400),
    # A coding that nobody knows is 501 by RFC 9112, section 6.1.
    "xchunked": (["Transfer-Encoding: xchunked"], 501),
    "quoted": (['Transfer-Encoding: "chunked"'], 501),
    "an empty coding": (["Transfer-Encoding:"], 501),
}

#: Whole heads.
BROKEN = {
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 400),
    "HTTP/2.0": (b"GET /livez HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    "HTTP/1.10": (b"GET /livez HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    "no version": (b"GET /livez HTTP\r\nHost: a\r\n\r\n", 400),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a method in lower case": (b"get /livez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a blank in the target": (b"GET /li vez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target that is not ASCII": ("GET /lïvez HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "a target that is only a host": (b"GET api.example:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an asterisk": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target of 10 KB": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a folded header": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n", 400),
    "a header that begins with a blank": (b"GET /livez HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a zero byte in a value": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\n\r\n", 400),
    "a zero byte in a name": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX\x00A: b\r\n\r\n", 400),
    "a bare CR in a value": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\rX-B: c\r\n\r\n", 400),
    "bare line feeds": (b"GET /livez HTTP/1.1\nHost: a\n\n", 400),
    "no colon": (b"GET /livez HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400),
    "no name": (b"GET /livez HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
    "a header of 64 KiB": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 65_536 + b"\r\n\r\n", 431),
    "101 headers": (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 100 + b"\r\n", 431),
    "10,000 headers": (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n", 431),
    "two hosts": (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "an expectation that nobody knows": (b"GET /livez HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417),
    "HTTP/1.0 in chunks": (b"POST /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
}

#: What is odd and allowed.
ODD = {
    "HTTP/1.0 without a host": (b"GET /livez HTTP/1.0\r\n\r\n", 200),
    "HTTP/1.0 that keeps the connection": (b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200),
    "a whole URL": (b"GET http://other.example/livez HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "a whole URL with a name and a word": (b"GET http://u:p@other.example/livez HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "a whole URL without a path": (b"GET http://other.example HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "CONNECT": (b"CONNECT other.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "a made-up method": (b"BREW /livez HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "an empty line before it": (b"\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "100 headers": (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 99 + b"\r\n", 200),
    "a header of 8 KB": (b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 8_000 + b"\r\n\r\n", 200),
    "a broken escape in the path": (b"GET /livez%zz HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "a zero byte, escaped": (b"GET /livez%00 HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "no UTF-8, escaped": (b"GET /v1/jobs/%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n", 401),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_a_body_whose_end_is_unclear_is_refused(api: ServedApi, case: str) -> None:
    """F55: a proxy may have seen another end than the API, so nothing more is read from the connection."""
    headers, status = AMBIGUOUS[case]
    for body in (JOB, CHUNKED):
        exchange = api.post(body + NEXT, *headers)

        assert exchange.statuses == [status]
        assert exchange.is_closed


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_head_is_refused(api: ServedApi, case: str) -> None:
    """F55: whatever is wrong with it is the client's fault, and the last that is read from it."""
    head, status = BROKEN[case]
    exchange = api.send(head + NEXT)

    assert exchange.statuses == [status]
    assert exchange.is_closed


@pytest.mark.parametrize("case", ODD)
def test_an_odd_head_is_answered(api: ServedApi, case: str) -> None:
    """What the standard allows is no error; a path that nobody has is 404."""
    head, status = ODD[case]

    assert api.send(head).statuses == [status]
