"""The receiver of webhooks that the demo and the tests use."""

from __future__ import annotations

import http.client
import socket

from infra.local.ports import LOOPBACK
from infra.local.webhook_listener import listening


def test_a_call_that_breaks_off_is_not_kept() -> None:
    """Half a body is nobody's webhook: it gets no answer; the whole one that is sent again is kept."""
    with listening() as listener:
        with socket.create_connection((LOOPBACK, listener.server_port)) as caller:
            caller.sendall(b"POST /webhooks HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nhalf")
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(1000) == b""
        connection = http.client.HTTPConnection(LOOPBACK, listener.server_port, timeout=10)
        connection.request("POST", "/webhooks", b"whole body")
        assert connection.getresponse().status == http.client.NO_CONTENT
        connection.close()

        assert listener.calls.get_nowait().body == b"whole body"
        assert listener.calls.empty()
