"""Cancelling, with a real worker."""

from __future__ import annotations

import json
from typing import Any

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer

#: Takes long enough to be caught in the middle.
LONG: dict[str, Any] = {"num_inference_steps": 100, "num_images": 4}


def test_a_queued_job_is_cancelled_at_once(stack: LocalStack, customer: Customer) -> None:
    """A job that waits is cancelled in the answer itself, never renders, and cancelling again changes nothing."""
    worker = stack.part("worker-1")
    worker.pause()
    try:
        job = customer.submit(**SMALL)
        first = customer.cancel(job)
        second = customer.cancel(job)
    finally:
        worker.resume()

    assert first.status_code == second.status_code == 200
    assert first.json()["status"] == "cancelled"
    assert first.json() == second.json()
    # The next job passes the cancelled one's ring and finds only itself.
    assert customer.wait_until_finished(customer.submit(**SMALL))["status"] == "succeeded"
    assert customer.read(job) == first.json()
    assert customer.read(job)["started_at"] is None


def test_a_running_job_is_cancelled_in_mid_render(customer: Customer) -> None:
    """A running job stops at a step, long before its end, and has no images."""
    job = customer.wait_until_rendering(customer.submit(**LONG))

    answer = customer.cancel(job)
    job = customer.wait_until_finished(job)

    assert answer.status_code == 200
    assert job["status"] == "cancelled"
    assert job["progress"]["step"] < 100
    assert job["outputs"] == []
    assert customer.wait_until_finished(customer.submit(**SMALL))["status"] == "succeeded"


def test_a_cancel_reaches_the_job_within_a_step(customer: Customer) -> None:
    """Whenever it comes: no more than the step that runs is done after it, and the stream of the job ends with it."""
    done_after: list[int] = []
    for _ in range(5):
        # A step of these takes far longer than a cancel is on its way, also where other tests have the cores.
        job = customer.submit(**LONG, width=192, height=192)
        steps: list[str] = []
        with customer.http.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
            for line in stream.iter_lines():
                event = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if event.get("type") == "step":
                    steps.append(event["at"])
                    if len(steps) == 3:
                        assert customer.cancel(job).status_code == 200
                elif event.get("type") == "finished":
                    job = event
        assert job["status"] == "cancelled"
        done_after.append(sum(at > job["cancel_requested_at"] for at in steps))

    assert max(done_after) <= 1, done_after


def test_what_has_ended_cannot_be_cancelled(customer: Customer) -> None:
    """Cancelling a succeeded job is 409 with a code of its own."""
    job = customer.wait_until_finished(customer.submit(**SMALL))

    answer = customer.cancel(job)

    assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")
    assert customer.read(job)["status"] == "succeeded"
