"""The gauges of the whole service come once, however many processes are scraped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from core.redis_link.address import parse_redis_url
from core.redis_link.lead import Lead
from infra.local import LocalStack
from tests.conftest import REPOSITORY
from tests.integration.conftest import Submit
from tests.integration.redis_servers import ENCODED, plain_server

DEPTH = "darkroom_queue_depth"


def build_lead(url: str, name: str, seconds: int = 60) -> Lead:
    """A process that asks."""
    return Lead(parse_redis_url(url), name, seconds=seconds)


def test_one_leads_until_it_stops_asking_or_lets_go(servers: LocalStack) -> None:
    """Of three that ask, the first; then the next one that asks."""
    url, name = servers.environment["REDIS_URL"], uuid4().hex
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(closing(build_lead(url, name, 1))) for _ in range(3))
        assert [first.take(), second.take(), first.take(), third.take()] == [True, False, True, False]
        first.release()
        assert [second.take(), first.take()] == [True, False]
        # What does not lead has nothing to release.
        first.release()
        assert second.take()
        give_up_at = time.monotonic() + 20
        while not third.take():
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        assert not second.take()


def test_without_redis_nothing_changes(tmp_path: Path) -> None:
    """The leader goes on, the other does not begin, and both know no more when it is read-only or full."""
    with plain_server(tmp_path) as server, ExitStack() as stack:
        url = f"redis://:{ENCODED}@127.0.0.1:{server.port}/0"
        first, second = (stack.enter_context(closing(build_lead(url, "gauges"))) for _ in range(2))
        assert (first.take(), second.take()) == (True, False)
        with server.connect() as administrator:
            for breaks, mends in (
                (("replicaof", "127.0.0.1", "1"), ("replicaof", "no", "one")),
                (("config", "set", "requirepass", "x"), ("config", "set", "requirepass", "p@ss/w:rd?#%41 é")),
            ):
                administrator.execute_command(*breaks)
                administrator.execute_command("client", "kill", "type", "normal", "skipme", "yes")
                assert (first.take(), second.take()) == (True, False)
                administrator.execute_command(*mends)
            assert (first.take(), second.take()) == (True, False)
            administrator.shutdown(nosave=True)
        assert (second.take(), first.take()) == (False, True)


def test_the_api_serves_none_of_them(client: FlaskClient) -> None:
    """A deployment has as many replicas of it as it likes."""
    names = {family.name for family in text_string_to_metric_families(client.get("/metrics").text)}

    assert "darkroom_build_info" in {f"{name}_info" for name in names} | names
    assert "darkroom_http_requests" in names
    assert not [name for name in names if "queue" in name or "jobs_running" in name or "model" in name or "due" in name]
    assert [name for name in names if not name.startswith(("darkroom_", "process_", "python_"))] == []


@pytest.mark.slow
def test_a_sum_over_two_dispatchers_is_the_depth_of_the_queue(
    servers: LocalStack, submit: Submit, account_id: UUID, tmp_path: Path
) -> None:
    """Two of them run: one alone serves the gauges, and the other as soon as that one ends."""
    for _ in range(3):
        submit(account_id)
    with dispatcher(servers, tmp_path / "first.log") as first, dispatcher(servers, tmp_path / "second.log") as second:
        addresses = [find_address(log) for log in (tmp_path / "first.log", tmp_path / "second.log")]
        depths = [read_depths(address) for address in addresses]
        assert sorted(depths, key=len) == [[], [3.0]]
        leader = depths.index([3.0])
        (first, second)[leader].terminate()
        (first, second)[leader].wait(40)
        assert read_depths(addresses[1 - leader]) == [3.0]
        families = read(addresses[1 - leader])
        assert "darkroom_jobs_rescued_total" in families
        assert "darkroom_http_requests_total" not in families
        assert "darkroom_model_loads_total" not in families


@contextmanager
def dispatcher(servers: LocalStack, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One that serves its metrics."""
    environment = {**os.environ, **servers.environment, "WORKER_METRICS_PORT": "0"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "dispatch"], cwd=REPOSITORY, env=environment, stdout=output
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(40)


def find_address(log: Path) -> str:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        for line in log.read_text().splitlines():
            if '"metrics_served"' in line:
                return f"http://127.0.0.1:{json.loads(line)['port']}/metrics"
        time.sleep(0.05)
    raise TimeoutError(log.read_text())


def read(address: str) -> str:
    return httpx2.get(address).text


def read_depths(address: str) -> list[float]:
    families = text_string_to_metric_families(read(address))
    return [sample.value for family in families if family.name == DEPTH for sample in family.samples]
