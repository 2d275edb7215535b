"""Nothing that a customer or a receiver wrote is in any process's log."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import urlsplit

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer

MARKER = "marker-of-a-customer"


@contextmanager
def echoing() -> Iterator[tuple[str, Queue[bytes]]]:
    """A receiver that answers 500 with what it was sent; its address, and what was sent."""
    received: Queue[bytes] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            received.put(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", received
        finally:
            server.shutdown()
            thread.join()


def test_no_log_holds_what_a_customer_wrote(stack: LocalStack, customer: Customer) -> None:
    """Prompts, labels, a webhook's address and its receiver's answer, of a job that succeeds, of requests that fail validation,
    and of some that are no HTTP.
    """
    address = urlsplit(stack.url)
    with echoing() as (url, received):
        endpoint = customer.http.post("/v1/webhook-endpoints", json={"url": f"{url}?token={MARKER}"}).json()
        texts = {"negative_prompt": MARKER, "metadata": {MARKER: MARKER}}
        job = customer.wait_until_finished(customer.submit(f"{MARKER} {'a red mug ' * 60}", **texts, **SMALL))
        body = received.get(timeout=30)
        for wrong in ({"seed": MARKER}, {"image": f"data:image/png;base64,{MARKER}"}, {MARKER: MARKER}):
            assert customer.http.post("/v1/jobs", json={"prompt": MARKER, **wrong}).status_code == 422
        for broken in (f"GET /{MARKER} HTTP/9", f"GET / HTTP/1.1\r\n{MARKER}", f"GET / HTTP/1.1\r\na b: {MARKER}"):
            with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
                connection.sendall(f"{broken}\r\n\r\n".encode())
                assert b" 400 " in connection.recv(65_536)
        customer.http.delete(f"/v1/webhook-endpoints/{endpoint['id']}").raise_for_status()

        def was_attempted() -> bool:
            lines = stack.part("dispatcher").log_path.read_text().splitlines()
            return any('"webhook_attempted"' in line and job["id"] in line for line in lines)

        customer.wait_for(job, lambda _: was_attempted(), "attempted")

    assert job["status"] == "succeeded"
    assert MARKER.encode() in body
    for part in stack.parts:
        if part.log_path.exists():
            log = part.log_path.read_text(errors="replace")
            assert MARKER not in log, part.name
            assert "X-Amz-Signature" not in log, part.name
