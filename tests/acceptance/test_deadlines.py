"""Deadlines, with a real worker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local import LocalStack
from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import SMALL, Customer

#: Takes far longer than its deadline.
LONG: dict[str, Any] = {"width": 320, "height": 320, "num_inference_steps": 100, "num_images": 8}


@pytest.mark.slow
def test_a_service_that_is_too_busy_says_so_in_time(
    stack: LocalStack, customer: Customer, listener: WebhookListener
) -> None:
    """While the worker is at a long job, one that cannot wait fails with start_deadline_exceeded, in the webhook as well;
    the long one stops at a step after its own deadline; and the next one is rendered.
    """
    endpoint = customer.http.post("/v1/webhook-endpoints", json={"url": listener.url})
    assert endpoint.status_code == 201, endpoint.text
    long = customer.wait_until_rendering(customer.submit(**LONG, deadline_seconds=8))
    worker = stack.part("worker-1")
    worker.pause()
    try:
        hasty = customer.wait_until_finished(customer.submit(**SMALL, start_deadline_seconds=1), seconds=20)
    finally:
        worker.resume()

    assert (hasty["status"], hasty["failure"]["code"]) == ("failed", "start_deadline_exceeded")
    assert (hasty["failure"]["fault"], hasty["failure"]["retryable"]) == ("capacity", True)
    assert (hasty["started_at"], hasty["attempts"]) == (None, 0)
    told = json.loads(listener.calls.get(timeout=30).body)
    assert (told["type"], told["data"]["id"], told["data"]["failure"]) == ("job.failed", hasty["id"], hasty["failure"])
    long = customer.wait_until_finished(long, seconds=40)
    assert (long["status"], long["failure"]["code"], long["attempts"]) == ("failed", "deadline_exceeded", 1)
    assert long["progress"]["step"] < 100
    assert long["finished_at"] >= long["deadline_at"]
    assert customer.wait_until_finished(customer.submit(**SMALL))["status"] == "succeeded"
