"""What a request asks for beside the picture, through the whole service."""

from __future__ import annotations

import io
import json
from queue import Empty
from typing import Any

import pytest
from PIL import Image
from standardwebhooks import Webhook

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import SMALL, Customer


def test_a_jobs_own_webhook_is_signed_with_the_accounts_secret(customer: Customer, listener: WebhookListener) -> None:
    """It is called once, for its own job; a receiver verifies it as it would an endpoint's."""
    secret = customer.http.get("/v1/webhook-secret").json()["secret"]
    other = customer.submit(**SMALL)
    job = customer.submit(**SMALL, webhook={"url": listener.url})
    customer.wait_until_all_finished([other, job])

    call = listener.calls.get(timeout=30)
    event = Webhook(secret).verify(call.body, call.headers)
    assert (event["type"], event["data"]["id"]) == ("job.succeeded", job["id"])
    assert customer.download(event["data"]["outputs"][0])
    with pytest.raises(Empty):
        listener.calls.get(timeout=1)


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_the_quality_is_that_of_the_file(customer: Customer, output_format: str) -> None:
    """The same picture at 10 has far fewer bytes than at 95, and both are of the format and size asked for."""
    files = []
    for quality in (10, 95):
        asked: dict[str, Any] = {"seed": 7, "num_inference_steps": 2, "size": "96x64", "output_format": output_format}
        job = customer.wait_until_finished(customer.submit(**asked, output_quality=quality))
        files.append(customer.download(job["outputs"][0]))

    assert len(files[0]) < 0.7 * len(files[1])
    for file in files:
        opened = Image.open(io.BytesIO(file))
        assert (opened.format, opened.size) == (output_format.upper(), (96, 64))


def test_the_job_of_an_own_id_is_drawn_once(customer: Customer) -> None:
    """However often it is sent, there is one job and one image of it."""
    answers = [customer.http.put("/v1/jobs/mug", json={"prompt": "a mug", **SMALL}) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    job = customer.wait_until_finished({"id": "mug"})
    assert job["status"] == "succeeded"
    assert json.dumps(customer.http.get("/v1/jobs").json()).count('"status": "succeeded"') == 1
