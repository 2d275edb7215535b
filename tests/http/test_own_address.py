"""What a request says about the API's address is not believed, from no peer."""

from __future__ import annotations

import json
import re
import socket

import pytest

from tests.http.served import Exchange, ServedApi, read

#: Hosts that a health check, a scanner or an attacker sends.
HOSTS = [
    *(
        b"evil.example",
        b"evil.example:1234",
        b"EVIL.example",
        b"127.0.0.1",
        b"10.0.0.7:8000",
        b"[::1]:8000",
        b"localhost",
    ),
    *(
        b"",
        b" ",
        b"evil",
        b"evil_host",
        b"-evil",
        b".evil",
        b"evil.",
        b"a..evil",
        b"evil.example:",
        b"evil.example:99999",
    ),
    *(
        b"evil.example:x",
        b"[evil",
        b"evil]",
        b"evil/docs",
        b"evil?x",
        b"evil#x",
        b"user@evil",
        b"evil@pictures.example",
    ),
    *(
        b"evil, evil",
        b"ev il",
        b"\xe9vil.example",
        b"evil%00",
        b'"><script>evil()',
        b"x" * 64 + b".evil",
        b"evil." * 400,
    ),
]

PATHS = [
    "/livez",
    "/readyz",
    "/docs",
    "/docs/",
    "/docs/swagger",
    "/openapi.json",
    "//docs",
    "/v1//jobs",
    "/nowhere",
    "/v1/jobs",
]

#: Headers by which proxies say where a request came from and where it went.
FORWARDED = [
    *("SCRIPT_NAME: /evil", "Script-Name: /evil", "PATH_INFO: /evil", "X-Script-Name: /evil", "REMOTE_USER: evil"),
    *("X-Forwarded-Host: evil.example", "X-Forwarded-Server: evil.example", "X-Host: evil.example"),
    *("X-Forwarded-Prefix: /evil", "X-Original-URL: /evil", "X-Rewrite-URL: /evil", "X-HTTP-Method-Override: DELETE"),
    *("X-Forwarded-Proto: https", "X-Forwarded-Proto: evil", "X-Forwarded-Protocol: ssl", "X-Forwarded-Ssl: on"),
    *("X-Forwarded-Ssl: on\r\nX-Forwarded-Proto: http", "X-Forwarded-Port: 666", "X-Forwarded-For: 203.0.113.66"),
    *("Forwarded: host=evil.example;proto=https;for=203.0.113.66", "X-Url-Scheme: evil", "Front-End-Https: on"),
]

#: What differs from one answer to the next.
_OF_THE_MOMENT = re.compile(rb"^(Date|X-Request-Id): .*?\r$|req_\w+", re.MULTILINE)


def ask(api: ServedApi, path: str, *headers: bytes, host: bytes = b"pictures.example") -> Exchange:
    lines = [f"GET {path} HTTP/1.1".encode(), b"Host: " + host, *headers, b"Connection: close", b"", b""]
    return api.send(b"\r\n".join(lines))


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_not_believed(api: ServedApi, host: bytes) -> None:
    """F56: every Host is answered alike, health checks too, and no answer contains it."""
    for path in PATHS:
        exchange, usual = ask(api, path, host=host), ask(api, path)

        assert b"evil" not in exchange.received.lower()
        assert _OF_THE_MOMENT.sub(b"", exchange.received) == _OF_THE_MOMENT.sub(b"", usual.received)
    assert ask(api, "/livez", host=host).statuses == [200]


def test_no_host_at_all_is_answered(api: ServedApi) -> None:
    """F56: as simple health checks ask."""
    for request in (b"GET /livez HTTP/1.0\r\n\r\n", b"GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"):
        assert api.send(request).statuses == [200]


def test_a_whole_url_is_not_believed(api: ServedApi) -> None:
    """F56: its host is as little ours as another."""
    for path in PATHS:
        assert b"evil" not in ask(api, f"http://evil.example{path}").received


@pytest.mark.parametrize("header", FORWARDED)
def test_what_a_proxy_says_is_not_believed(api: ServedApi, header: str) -> None:
    """F56: not even on loopback, where anything on this machine or in its network may be the peer."""
    for path in PATHS:
        exchange, usual = ask(api, path, header.encode()), ask(api, path)

        assert _OF_THE_MOMENT.sub(b"", exchange.received) == _OF_THE_MOMENT.sub(b"", usual.received)


@pytest.mark.parametrize("header", FORWARDED)
def test_nor_over_a_unix_socket(api: ServedApi, header: str) -> None:
    """F56: gunicorn trusts such a peer whatever its address, as it has none."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(api.unix_socket))
        connection.settimeout(10)
        connection.sendall(
            f"GET /docs HTTP/1.1\r\nHost: evil.example\r\n{header}\r\nConnection: close\r\n\r\n".encode()
        )
        exchange = read(connection)

    assert exchange.statuses == [308]
    assert exchange.header("Location") == "docs/"


@pytest.mark.parametrize("host", ["evil.example", "pictures.example"])
def test_a_job_is_at_the_public_address(api: ServedApi, host: str) -> None:
    """F56: its links open images, so that they lead nowhere else matters most."""
    body = b'{"prompt": "a mug"}'
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {host}\r\nAuthorization: Bearer {api.api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    exchange = api.send(head.encode() + body)
    job = json.loads(exchange.received.partition(b"\r\n\r\n")[2])

    assert exchange.header("Location") == job["urls"]["self"]
    assert job["urls"]["self"].startswith("https://pictures.example/darkroom/v1/jobs/")
    assert b"evil" not in exchange.received
