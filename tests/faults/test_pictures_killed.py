"""The processes through which pictures come in die in the middle of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from tests.acceptance.customer import Customer
from tests.faults.service import SHORT, Service, wait_until
from tests.unit.pictures import encode, picture

pytestmark = pytest.mark.thorough

_PNG = encode(picture(64, 64))


@pytest.fixture
def address() -> Iterator[str]:
    """Where a picture lies."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(_PNG)))
            self.end_headers()
            self.wfile.write(_PNG)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/cat.png"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("point", ["mid_fetch", "after_fetch"])
def test_the_fetching_process_is_killed(service: Service, sender: Customer, address: str, point: str) -> None:
    """F82: killed before the picture has come, or when it lies in the bucket and no row says so: another process fetches it
    when the time of the lost one is over, and the job is drawn once.
    """
    with service.armed("dispatcher", f"{point}=kill"):
        job = sender.submit(image=address, **SHORT)
        wait_until(lambda: not service.stack.part("dispatcher").is_running, "the fetching process has died")
        assert sender.read(job)["queue"]["reason"] == "fetching_pictures"
    # Not yet: the fetch is the dead process' until its time is over, which nobody needs to wait for here.
    service.query("update input_fetches set next_try_at = now()")

    done = sender.wait_until_finished(job)

    assert (done["status"], done["attempts"], [shown["width"] for shown in done["inputs"]]) == ("succeeded", 1, [64])
    assert service.query("select count(*) from input_fetches") == [(0,)]


def test_the_api_dies_after_it_has_stored_a_file(service: Service, sender: Customer) -> None:
    """F79: the object lies in the bucket, and no row says so: nothing is shown, and sent again it is one file."""
    body = {"file": ("cat.png", _PNG)}
    with service.armed("api", "after_file_stored=kill"), pytest.raises(httpx2.TransportError):
        sender.http.post("/v1/files", files=body)

    assert sender.http.get("/v1/files").json()["data"] == []
    answers = [sender.http.post("/v1/files", files=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    # Until the grace is over the object of the dead process is allowed to be there; nobody needs to wait for that here.
    assert len(sender.http.get("/v1/files").json()["data"]) == 1
