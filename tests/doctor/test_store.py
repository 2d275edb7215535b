from __future__ import annotations

import http.server
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.doctor.finding import Level
from admin.doctor.store import check_store
from infra.local import LocalStack
from infra.local.ports import Ports, is_listening
from infra.local.servers.storage import get_rclone
from tests.doctor.conftest import Diagnose


def test_a_store_as_it_should_be(servers: LocalStack, diagnose: Diagnose) -> None:
    """Every check says so, and nothing of what it wrote is left."""
    found = diagnose(check_store)
    assert {each.level for each in found.values()} == {Level.OK}
    assert list(found) == ["put", "get", "list", "link", "privacy", "clock", "delete"]
    folder = servers.data_folder.path / "storage/buckets/darkroom/doctor"
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("changes", "seen", "todo"),
    [
        ({"S3_BUCKET": "nowhere"}, "NoSuchBucket", "Make the bucket, or correct S3_BUCKET"),
        ({"S3_SECRET_ACCESS_KEY": "hidden"}, "SignatureDoesNotMatch", "Correct S3_SECRET_ACCESS_KEY"),
        ({"S3_ACCESS_KEY_ID": "hidden"}, "InvalidAccessKeyId", "Correct S3_ACCESS_KEY_ID"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect", "Start the store, or correct S3_ENDPOINT_URL"),
        ({"S3_ENDPOINT_URL": "https://{place}"}, "SSL", "Correct the certificate of the store, or S3_ENDPOINT_URL"),
    ],
)
def test_a_store_that_takes_nothing(
    changes: dict[str, str], seen: str, todo: str, servers: LocalStack, diagnose: Diagnose
) -> None:
    """What it says, and what to do about it."""
    place = servers.environment["S3_ENDPOINT_URL"].partition("://")[2]
    found = diagnose(check_store, **{name: value.format(place=place) for name, value in changes.items()})
    assert list(found) == ["put"]
    assert found["put"].level is Level.ERROR
    assert seen in found["put"].seen
    assert todo in found["put"].todo
    assert "hidden" not in str(found)


def test_a_public_address_that_leads_nowhere(diagnose: Diagnose) -> None:
    """A warning: in a container the address of the host is another one."""
    found = diagnose(check_store, S3_PUBLIC_ENDPOINT_URL="http://127.0.0.1:1")
    assert (found["link"].level, found["delete"].level) == (Level.WARNING, Level.OK)
    assert "http://127.0.0.1:1 cannot be reached from here" in found["link"].seen


@pytest.fixture
def another_server(tmp_path: Path) -> Iterator[str]:
    """A web server that knows nothing of the store."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404, "nothing here")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_public_address_that_leads_elsewhere(another_server: str, diagnose: Diagnose) -> None:
    """A link that is answered, but not with the object."""
    found = diagnose(check_store, S3_PUBLIC_ENDPOINT_URL=another_server)
    assert found["link"].level is Level.ERROR
    assert "is answered with 404" in found["link"].seen
    assert "S3_PUBLIC_ENDPOINT_URL" in found["link"].todo


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[str]:
    """A store that asks nobody for a key."""
    (tmp_path / "darkroom").mkdir()
    ports = Ports()
    port = ports.reserve()
    ports.release()
    command = [str(get_rclone()), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", "", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not is_listening(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def test_a_bucket_that_everybody_reads(open_store: str, diagnose: Diagnose) -> None:
    """Links would protect nothing."""
    found = diagnose(check_store, S3_ENDPOINT_URL=open_store, S3_PUBLIC_ENDPOINT_URL="")
    assert found["privacy"].level is Level.ERROR


def test_clocks_that_differ(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes are seen before the store refuses."""
    true = time.time
    monkeypatch.setattr("admin.doctor.store.time.time", lambda: true() + 600)
    found = diagnose(check_store)
    assert found["clock"].level is Level.WARNING
    assert "behind this machine's" in found["clock"].seen
