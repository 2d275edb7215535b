"""A ring is written without Celery's producer, and is the same message."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from celery import Celery

from core.doorbell import RENDER_NEXT, Doorbell
from core.settings import get_settings
from infra.local import LocalStack
from worker.broker import Broker, broker_settings

_DETAILS: dict[str, Any] = {"pool": "default", "rung_for": "job_1", "request_id": "req_1"}

#: Of each message its own.
_CHANGING = {"id", "root_id", "correlation_id", "reply_to", "delivery_tag"}

_WORKER = """
import sys
from celery import Celery
app = Celery(broker=sys.argv[1])
@app.task(name="render_next")
def render_next(**details):
    open(sys.argv[2], "a").write(repr(sorted(details.items())) + "\\n")
app.worker_main(["worker", "--pool=solo", "--loglevel=ERROR", f"--queues={sys.argv[3]}", "--without-gossip"])
"""


@pytest.fixture
def queue(servers: LocalStack) -> str:
    """A queue that nobody else uses."""
    return f"test.{uuid4().hex}"


@pytest.fixture
def doorbell(servers: LocalStack) -> Iterator[Doorbell]:
    """One whose connections are closed after the test; a process keeps its own until it ends."""
    doorbell = Doorbell(get_settings().redis_url)
    yield doorbell
    doorbell.close()


def test_a_ring_is_the_message_that_celery_would_send(queue: str, doorbell: Doorbell) -> None:
    """Its fields, their order and its body are those of Celery's producer."""
    address = get_settings().redis_url
    with Celery(set_as_current=False, amqp=Broker) as celery:
        celery.conf.update(broker_settings(address, socket_timeout=5))
        celery.send_task(RENDER_NEXT, kwargs=_DETAILS, queue=queue, ignore_result=True)
        celery.pool.force_close_all()

    assert doorbell.ring(queue, RENDER_NEXT, **_DETAILS)

    with redis.Redis.from_url(address) as client:
        ours, theirs = (json.loads(message) for message in client.lrange(queue, 0, -1))
        client.delete(queue)
    assert _without_ids(ours) == _without_ids(theirs)
    assert base64.b64decode(ours["body"]) == base64.b64decode(theirs["body"])


def test_a_queue_that_nobody_listens_to_does_not_grow_for_ever(queue: str, doorbell: Doorbell) -> None:
    """Of thousands of rings the last hundreds wait: more would wake nobody else, and fill Redis."""
    address = get_settings().redis_url
    for number in range(3):
        assert doorbell.ring(queue, RENDER_NEXT, times=900, rung_for=f"job_{number}")

    with redis.Redis.from_url(address) as client:
        rung_for = [json.loads(message)["headers"]["kwargsrepr"] for message in client.lrange(queue, 0, -1)]
        client.delete(queue)
    assert rung_for == ["{'rung_for': 'job_2'}"] * 500


@pytest.mark.slow
def test_a_stock_worker_hears_a_ring(queue: str, doorbell: Doorbell, tmp_path: Path) -> None:
    """A worker that has nothing of ours runs the task, once for each ring, with what travelled along."""
    address, heard = get_settings().redis_url, tmp_path / "heard"
    assert doorbell.ring(queue, RENDER_NEXT, times=2, **_DETAILS)
    worker = subprocess.Popen([sys.executable, "-c", _WORKER, address, str(heard), queue], cwd=tmp_path)
    try:
        give_up_at = time.monotonic() + 30
        while not (heard.exists() and heard.read_text().count("\n") == 2) and time.monotonic() < give_up_at:
            time.sleep(0.05)
    finally:
        worker.kill()
        worker.wait()

    assert heard.read_text().splitlines() == [repr(sorted(_DETAILS.items()))] * 2


def _without_ids(message: dict[str, Any]) -> list[Any]:
    """Names and values in their order."""
    parts = [message["headers"], message["properties"], message]
    return [
        [(name, value) for name, value in part.items() if name not in _CHANGING | {"headers", "properties"}]
        for part in parts
    ]
