"""Every line of every process is a JSON object, whoever wrote it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local import LocalStack
from infra.local.webhook_listener import listening
from tests.acceptance.customer import SMALL, open_account
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

PROCESSES = ("api", "worker-1", "dispatcher", "beat")


def read_lines(text: str) -> list[dict[str, Any]]:
    """The lines, each of which has to be one JSON object with an event."""
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pytest.fail(f"not JSON: {line!r}")
        assert {"event", "level", "timestamp"} <= lines[-1].keys()
    return lines


def test_every_line_from_the_start_to_the_end_is_json(tmp_path: Path) -> None:
    """With jobs, a webhook, requests that are none, and a Redis that goes away and comes back."""
    with (
        LocalStack(data=tmp_path / "data") as stack,
        listening() as listener,
        open_account(stack, "reader") as customer,
    ):
        customer.http.post("/v1/webhook-endpoints", json={"url": listener.url})
        customer.wait_until_finished(customer.submit(**SMALL))
        send(stack.url, b"GET / HTTP/9.9\r\n\r\n")
        send(stack.url, b"\x16\x03\x01 this is TLS\r\n\r\n")
        redis = stack.part("redis")
        redis.kill()
        job = customer.submit(**SMALL)
        assert customer.http.get("/readyz").text.startswith("ok, but Redis takes no rings")
        time.sleep(3)
        redis.start()
        redis.wait_until_ready()
        customer.wait_until_finished(job)
        paths = {name: stack.part(name).log_path for name in PROCESSES}
        migrated = migrate(stack)

    events = {name: {line["event"] for line in read_lines(path.read_text())} for name, path in paths.items()}
    assert {"worker_starting", "metrics_served", "worker_stopping", "job_claimed"} <= events["worker-1"]
    assert {"worker_starting", "metrics_served", "worker_stopping"} <= events["dispatcher"]
    assert {"request_answered", "doorbell_not_rung"} <= events["api"]
    assert any(event.startswith("Starting gunicorn") for event in events["api"])
    assert "beat_started" in events["beat"]
    assert any(event.startswith("consumer: Cannot connect to redis://127.0.0.1:") for event in events["worker-1"])
    assert [line["event"] for line in read_lines(migrated)] == ["database_up_to_date"]


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_migrate_says_in_one_line_what_it_did(direction: str, servers: LocalStack) -> None:
    """From where to where."""
    try:
        if direction == "upgrade":
            migrate(servers, "downgrade", "0007")
            [line] = read_lines(migrate(servers))
            assert (line["event"], line["before"]) == ("database_migrated", "0007")
            assert line["after"] > "0007"
        else:
            [line] = read_lines(migrate(servers, "downgrade", "0007"))
            assert (line["event"], line["after"]) == ("database_migrated", "0007")
    finally:
        migrate(servers)


def migrate(stack: LocalStack, *arguments: str) -> str:
    """What `alembic` writes, to both streams."""
    return subprocess.run(
        [sys.executable, "-m", "alembic", *(arguments or ("upgrade", "head"))],
        cwd=REPOSITORY,
        env={**os.environ, **stack.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout


def send(url: str, request: bytes) -> None:
    """Bytes that are no request."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        connection.recv(10_000)
