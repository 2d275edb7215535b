"""A dispatcher hears rings through any kind of address: Celery's event loop, and not its client alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.doorbell import MAINTENANCE_QUEUE, SWEEP, Doorbell
from infra.local import LocalStack
from tests.conftest import REPOSITORY
from tests.integration.redis_servers import ENCODED, plain_server, tls_server

pytestmark = pytest.mark.slow

#: Seconds for a process to start, or to hear a ring; far more than it takes.
_PATIENCE = 60


def hears_rings(url: str, servers: LocalStack, log: Path) -> None:
    """Start a dispatcher, and ring for it many times."""
    environment = {**os.environ, **servers.environment, "REDIS_URL": url, "LOG_LEVEL": "debug"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "dispatch"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: " ready." in log.read_text(), process)
        with closing(Doorbell(url)) as doorbell:
            for _ in range(10):
                # Several at once: what TLS has decrypted already does not wake an event loop that waits for the socket.
                assert doorbell.ring(MAINTENANCE_QUEUE, SWEEP, times=5)
                wait_for(lambda: doorbell.count_waiting(MAINTENANCE_QUEUE) == 0, process)
    finally:
        process.terminate()
        process.wait(_PATIENCE)
    assert process.returncode == 0


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + _PATIENCE
    while not condition():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.mark.parametrize(
    "address", ["unix://:{password}@{path}?db=2", "redis+socket://:{password}@{path}?virtual_host=2"]
)
def test_through_a_socket(address: str, servers: LocalStack, tmp_path: Path) -> None:
    """A socket of this machine, in either spelling."""
    with plain_server(tmp_path) as server:
        hears_rings(address.format(password=ENCODED, path=server.path), servers, tmp_path / "dispatcher.log")


@pytest.mark.parametrize("query", ["ssl_cert_reqs=CERT_NONE", "ssl_ca_certs={authority}&protocol=3&socket_timeout=3"])
def test_through_tls(query: str, servers: LocalStack, tmp_path: Path) -> None:
    """Verified and not."""
    with tls_server(tmp_path) as server:
        query = query.format(authority=server.authority)
        hears_rings(f"rediss://localhost:{server.port}/0?{query}", servers, tmp_path / "dispatcher.log")
