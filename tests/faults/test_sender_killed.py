"""The sender of webhooks dies around its call."""

from __future__ import annotations

import json

import pytest

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import Customer
from tests.faults.service import SHORT, Service, wait_until

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("point", ["after_delivery", "mid_delivery"])
def test_the_sender_is_killed(service: Service, sender: Customer, listener: WebhookListener, point: str) -> None:
    """F36: killed after the receiver had the call and before that was written down (or before the call): it is sent
    again, with the same webhook-id and the same job, and nothing is sent a third time.
    """
    with service.armed("dispatcher", f"{point}=kill"):
        sender.http.post("/v1/webhook-endpoints", json={"url": listener.url}).raise_for_status()
        job = sender.wait_until_finished(sender.submit(**SHORT))
        wait_until(lambda: not service.stack.part("dispatcher").is_running, "the sender has died")
    # Not yet: the delivery is the dead sender's until its time is over, which nobody needs to wait for here.
    service.query("update webhook_deliveries set next_attempt_at = now() where status = 'pending'")

    wait_until(
        lambda: service.query("select status from webhook_deliveries order by id desc limit 1") == [("delivered",)],
        "the delivery is written down",
    )
    calls = [listener.calls.get(timeout=5) for _ in range(1 if point == "mid_delivery" else 2)]
    assert listener.calls.empty()
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert {json.loads(call.body)["data"]["id"] for call in calls} == {job["id"]}
