"""Whatever lies in the queues, the worker lives and each job is rendered once."""

from __future__ import annotations

import base64
import json
import pickle
from typing import Any
from uuid import uuid4

import redis

from core.doorbell import RENDER_NEXT, Doorbell, render_queue
from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer

QUEUE = render_queue("default")


class Exploit:
    """What a pickle can do to whoever reads it: end the process."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os._exit, (9,)


def message(*, body: bytes, content_type: str = "application/json", task: str = RENDER_NEXT) -> bytes:
    """A message as kombu puts it into a list."""
    delivery = {"exchange": "", "routing_key": QUEUE}
    properties = {"delivery_tag": str(uuid4()), "delivery_mode": 2, "delivery_info": delivery, "priority": 0}
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8" if content_type == "application/json" else "binary",
            "content-type": content_type,
            "headers": {"id": str(uuid4()), "task": task, "lang": "py", "argsrepr": "()", "kwargsrepr": "{}"},
            "properties": properties | {"body_encoding": "base64"},
        }
    ).encode()


GARBAGE = {
    "no JSON at all": b"\xff\xfe garbage",
    "JSON of another kind": b'["a", "list"]',
    "an envelope without properties": b'{"body": "e30="}',
    "a body that is no JSON": message(body=b"\x00\x01"),
    "a pickle": message(body=pickle.dumps(([], Exploit(), {})), content_type="application/x-python-serialize"),
    "a task that nobody knows": message(body=b"[[], {}, {}]", task="tasks.of_another_release"),
    "a task of another worker": message(body=b"[[], {}, {}]", task="sweep"),
    "arguments of another release": message(body=b'[[1, 2], {"job_id": 3}, {}]'),
    "a body of another shape": message(body=b'"text"'),
}


def test_garbage_in_the_queue_harms_nobody(stack: LocalStack, customer: Customer) -> None:
    """F32: messages that no release of ours has sent are thrown away and counted; the worker stays up, loses no thread
    to them, and renders the next job.
    """
    worker = stack.part("worker-1")
    pid = worker.pid
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        for garbage in GARBAGE.values():
            # More than the worker has threads: if each of them cost one, none would be left.
            client.lpush(QUEUE, *[garbage] * 20)

        job = customer.wait_until_finished(customer.submit(**SMALL), seconds=20)

        assert (job["status"], job["attempts"]) == ("succeeded", 1)
        assert (worker.pid, worker.is_running) == (pid, True)
        assert client.llen(QUEUE) == 0, "it is not tried again and again"
    assert worker.log_path.read_text().count('"message_refused"') >= 20 * 6


def test_ten_rings_for_every_job_are_one_attempt_each(stack: LocalStack, customer: Customer) -> None:
    """F31: duplicates, out of order, before and after the claim, cost a look and no second attempt."""
    doorbell = Doorbell(stack.environment["REDIS_URL"])
    jobs = []
    for _ in range(5):
        doorbell.ring(QUEUE, RENDER_NEXT, times=5, rung_for="job_of_another_time")
        jobs.append(customer.submit(**SMALL))
        doorbell.ring(QUEUE, RENDER_NEXT, times=5, rung_for=jobs[0]["id"])

    ended = customer.wait_until_all_finished(jobs)

    assert [(job["status"], job["attempts"]) for job in ended] == [("succeeded", 1)] * 5
