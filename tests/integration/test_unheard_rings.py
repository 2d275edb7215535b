"""A ring that fails is seen: in the body of /readyz, in the metrics and in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

import api.health
from core.doorbell import Doorbell
from core.metrics import REGISTRIES
from tests.integration.redis_servers import ENCODED, PlainServer, plain_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PlainServer]:
    """A server of this test's own."""
    with plain_server(tmp_path) as server:
        yield server


@pytest.fixture
def doorbell(server: PlainServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doorbell]:
    """The API's doorbell, on that server; it never falls silent, so that a test need not wait."""
    monkeypatch.setattr("core.doorbell.doorbell._BREAKER_SECONDS", 0.0)
    with closing(Doorbell(f"redis://:{ENCODED}@127.0.0.1:{server.port}/0")) as doorbell:
        monkeypatch.setattr(api.health, "get_doorbell", lambda: doorbell)
        yield doorbell


def count(outcome: str) -> list[float | None]:
    """What each kind of process serves."""
    return [registry.get_sample_value("darkroom_doorbell_rings_total", {"outcome": outcome}) for registry in REGISTRIES]


def test_readyz_says_when_no_ring_would_arrive(client: FlaskClient, doorbell: Doorbell, server: PlainServer) -> None:
    """It stays 200, since jobs are accepted; the body says that they wait, and says so no longer when Redis is back."""
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ok\n")
    with server.connect() as administrator:
        for break_it, mend_it in (
            (("replicaof", "127.0.0.1", "1"), ("replicaof", "no", "one")),
            (("config", "set", "maxmemory", "1"), ("config", "set", "maxmemory", "0")),
            (("config", "set", "requirepass", "changed"), ("config", "set", "requirepass", "p@ss/w:rd?#%41 é")),
        ):
            administrator.execute_command(*break_it)
            administrator.execute_command("client", "kill", "type", "normal", "skipme", "yes")
            answer = client.get("/readyz")
            assert (answer.status_code, answer.text.startswith("ok, but Redis takes no rings")) == (200, True)
            administrator.execute_command(*mend_it)
            assert client.get("/readyz").text == "ok\n"


def test_a_failed_ring_is_counted_and_logged_with_its_reason(doorbell: Doorbell, server: PlainServer) -> None:
    """Every process serves the counter from its start; the log line has the class of the error and its message."""
    sent, failed = count("sent"), count("failed")
    assert None not in (*sent, *failed)
    assert doorbell.ring("render.default", "render_next", times=2)
    with server.connect() as administrator, capture_logs() as logs:
        administrator.replicaof(*("127.0.0.1", "1"))
        assert not doorbell.ring("render.default", "render_next", times=3)
        assert not doorbell.can_ring()

    assert [after - before for after, before in zip(count("sent"), sent, strict=True) if after and before is not None]
    assert count("sent")[0] == (sent[0] or 0) + 2
    assert count("failed")[0] == (failed[0] or 0) + 3
    [rung, asked] = logs
    assert rung["event"] == "doorbell_not_rung"
    assert asked["event"] == "doorbell_out_of_order"
    for line in logs:
        assert line["error"] == "ReadOnlyError: You can't write against a read only replica."


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("redis://127.0.0.1:1/0", "ConnectionError: Error 111 connecting to 127.0.0.1:1. Connection refused."),
        ("unix:///nowhere/redis.sock", "ConnectionError: Error 2 connecting to /nowhere/redis.sock"),
        ("redis://:wrong@127.0.0.1:{port}/0", "AuthenticationError: invalid username-password pair"),
        ("redis://:{password}@127.0.0.1:{port}/99", "ResponseError: DB index is out of range"),
    ],
)
def test_the_log_says_why(server: PlainServer, address: str, reason: str) -> None:
    """Not the class alone, and never the password."""
    url = address.format(port=server.port, password=ENCODED)
    with capture_logs() as logs, closing(Doorbell(url)) as doorbell:
        doorbell.ring("render.default", "render_next")

    [line] = logs
    assert line["error"].startswith(reason)
    assert "p@ss" not in str(line)
    assert "wrong" not in str(line).replace("WRONGPASS", "")
