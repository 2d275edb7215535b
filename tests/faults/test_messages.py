"""Whatever messages are in the queues, the worker survives and each job is rendered once."""

from __future__ import annotations

import redis

from core.doorbell import RENDER_NEXT, Doorbell
from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer
from tests.faults.garbage import GARBAGE, QUEUE


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
