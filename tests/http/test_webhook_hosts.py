"""What a receiver is called in the request: its Host header."""

from __future__ import annotations

import re
import socket
from queue import SimpleQueue

import pytest

from core.webhooks.addresses import parse_networks
from tests.http.receivers import Receivers
from worker.webhooks.post import build_host, post

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[0:0:0:0:0:0:0:1]", "[0:0:0:0:0:0:0:1]"),
        ("receiver.test", "receiver.test"),
        ("RECEIVER.test", "receiver.test"),
        ("receiver.test.", "receiver.test."),
    ],
)
def test_the_host_header_is_the_addresses_host_and_port(receivers: Receivers, host: str, expected: str) -> None:
    """A receiver on another port than the usual one is called by both, an IPv6 address in its brackets."""
    heard: SimpleQueue[bytes] = SimpleQueue()

    def listen(connection: socket.socket) -> None:
        heard.put(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    receivers.name_leads_to("127.0.0.1")
    receivers.serve("::1" if ":" in host else "127.0.0.1", listen)

    url = f"http://{host}:{receivers.port}/hook"
    outcome = post(url, b"{}", {}, timeout_seconds=5, allowed_networks=LOOPBACK)

    assert outcome.status_code == 204
    hosts = re.findall(rb"^host: (.*)\r$", heard.get(timeout=1), re.MULTILINE | re.IGNORECASE)
    assert hosts == [f"{expected}:{receivers.port}".encode()]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://example.com:80/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("https://example.com:/", "example.com"),
        ("https://[2606:4700:4700::1111]/", "[2606:4700:4700::1111]"),
        ("https://[2606:4700:4700::1111]:443/a?b#c", "[2606:4700:4700::1111]"),
        ("https://xn--bcher-kva.example:8443/", "xn--bcher-kva.example:8443"),
    ],
)
def test_a_usual_port_goes_without_saying(url: str, expected: str) -> None:
    """As every other client has it: the scheme's own port is left out."""
    assert build_host(url) == expected
