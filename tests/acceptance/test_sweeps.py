"""A sweep through the whole service: drawn by a worker, ended by the dispatcher, announced once."""

from __future__ import annotations

import io
import json
import time
from queue import Empty
from typing import Any

import httpx2
import pytest
from PIL import Image

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import Customer

#: 4 x 3 x 2 cells.
_AXES: dict[str, Any] = {
    "prompts": ["a red mug", "a blue mug", "a green cube", "a yellow ball"],
    "parameters": {"guidance_scale": [1.0, 3.0, 6.0]},
    "seeds": [7, 8],
}


def _wait_until_ended(customer: Customer, sweep: dict[str, Any], seconds: float = 90) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while True:
        read: dict[str, Any] = customer.http.get(sweep["urls"]["self"]).raise_for_status().json()
        if read["finished_at"] is not None:
            return read
        assert time.monotonic() < until, read
        time.sleep(0.1)


def test_a_sweep_is_drawn_and_announced_once(customer: Customer, listener: WebhookListener) -> None:
    """24 pictures, one contact sheet that shows each of them, one last event and one webhook with the sheet's address."""
    base = {"width": 96, "height": 96, "num_inference_steps": 6}
    body = {**_AXES, "base": base, "name": "Mugs", "webhook": {"url": listener.url}}
    sweep = customer.http.post("/v1/sweeps", json=body).raise_for_status().json()
    ended = _wait_until_ended(customer, sweep)

    assert (ended["status"], ended["counts"]["succeeded"]) == ("finished", 24)
    jobs = customer.http.get(f"{sweep['urls']['jobs']}?limit=100").json()["data"]
    assert len({job["outputs"][0]["sha256"] for job in jobs}) == 24
    call = listener.calls.get(timeout=10)
    event = json.loads(call.body)
    assert (event["type"], event["data"]["id"]) == ("sweep.finished", sweep["id"])
    sheet = Image.open(io.BytesIO(httpx2.get(event["data"]["contact_sheet"]["url"]).raise_for_status().content))
    assert sheet.size == (ended["contact_sheet"]["width"], ended["contact_sheet"]["height"])
    events = customer.http.get(f"{sweep['urls']['events']}?wait=0").json()["data"]
    assert [each["event"] for each in events].count("finished") == 1
    assert len(events) == 1 + 24 * 2 + 1
    with pytest.raises(Empty):
        listener.calls.get(timeout=1)


def test_a_cancelled_sweep_ends_within_a_step(customer: Customer, listener: WebhookListener) -> None:
    """In the middle of it: none of its jobs is drawn to the end any more, and it is announced once."""
    slow = {"width": 128, "height": 128, "num_inference_steps": 100}
    body = {"prompts": ["a mug"], "seeds": [*range(40)], "base": slow, "webhook": {"url": listener.url}}
    sweep = customer.http.post("/v1/sweeps", json=body).raise_for_status().json()
    until = time.monotonic() + 60
    while not customer.http.get(sweep["urls"]["self"]).json()["counts"]["running"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    customer.http.post(sweep["urls"]["cancel"]).raise_for_status()
    ended = _wait_until_ended(customer, sweep, seconds=20)

    assert ended["status"] == "cancelled"
    assert ended["counts"]["cancelled"] >= 20
    assert json.loads(listener.calls.get(timeout=10).body)["data"]["status"] == "cancelled"
    with pytest.raises(Empty):
        listener.calls.get(timeout=1)
