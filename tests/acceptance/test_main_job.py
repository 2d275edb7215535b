"""The main job: a prompt in over REST, images in the bucket, its sender informed by polling and by webhook."""

from __future__ import annotations

import io
import json

import httpx2
import pytest
from PIL import Image
from standardwebhooks import Webhook

from infra.local import LocalStack
from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import SMALL, Customer
from tests.acceptance.worker_logs import told


def test_a_prompt_becomes_an_image_in_the_bucket(customer: Customer) -> None:
    """A job goes from 202 to succeeded, and its image downloads with the bytes, size and type that it shows."""
    job = customer.submit("a large red mug on a yellow background", seed=7, metadata={"order": "42"})
    assert job["status"] == "queued"

    job = customer.wait_until_finished(job)

    assert job["status"] == "succeeded", job
    [output] = job["outputs"]
    image = Image.open(io.BytesIO(customer.download(output)))
    assert image.size == (output["width"], output["height"]) == (256, 256)
    assert (image.format, output["media_type"], output["seed"]) == ("PNG", "image/png", 7)
    assert job["progress"]["fraction"] == 1.0
    assert job["attempts"] == 1
    assert job["metadata"] == {"order": "42"}
    assert job["failure"] is None
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]


def test_the_end_is_told_by_a_signed_webhook(customer: Customer, listener: WebhookListener) -> None:
    """The webhook's signature verifies, and its data is the job as a read shows it, with a link that works."""
    endpoint = customer.http.post("/v1/webhook-endpoints", json={"url": listener.url}).json()

    job = customer.wait_until_finished(customer.submit(**SMALL))
    call = listener.calls.get(timeout=30)

    payload = Webhook(endpoint["secret"]).verify(call.body, call.headers)
    assert payload == json.loads(call.body)
    assert payload["type"] == "job.succeeded"
    assert customer.download(payload["data"]["outputs"][0])
    links = {"url", "url_expires_at"}
    told, read = payload["data"], customer.read(job)
    # What is sent leaves out the longest part.
    assert told.pop("prompt_report") is None
    assert read.pop("prompt_report")["tokens"]
    told["outputs"] = [{k: v for k, v in output.items() if k not in links} for output in told["outputs"]]
    read["outputs"] = [{k: v for k, v in output.items() if k not in links} for output in read["outputs"]]
    assert told == read


@pytest.mark.parametrize(("output_format", "pillow_name"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_every_output_format(customer: Customer, output_format: str, pillow_name: str) -> None:
    """The image comes in the format that was asked for, and in the size."""
    job = customer.submit(output_format=output_format, width=96, height=64, num_inference_steps=1)

    [output] = customer.wait_until_finished(job)["outputs"]

    image = Image.open(io.BytesIO(customer.download(output)))
    assert (image.format, image.size) == (pillow_name, (96, 64))
    assert output["media_type"] == f"image/{output_format}"


def test_same_request_and_seed_same_bytes(customer: Customer) -> None:
    """A job is reproducible, and image i of a job is the image of seed + i."""
    three = customer.submit(seed=5, num_images=3, **SMALL)
    one = customer.submit(seed=6, deterministic=True, **SMALL)

    three, one = customer.wait_until_all_finished([three, one])

    assert [output["seed"] for output in three["outputs"]] == [5, 6, 7]
    pixels = [Image.open(io.BytesIO(customer.download(output))) for output in [three["outputs"][1], *one["outputs"]]]
    difference = max(abs(a - b) for a, b in zip(pixels[0].tobytes(), pixels[1].tobytes(), strict=True))
    # A batch of three multiplies matrices in another order than a batch of one.
    assert difference <= 1
    again = customer.wait_until_finished(customer.submit(seed=6, deterministic=True, **SMALL))
    assert again["outputs"][0]["sha256"] == one["outputs"][0]["sha256"]


def test_a_long_prompt_is_read_whole(customer: Customer) -> None:
    """Picturebook reads 75 tokens at a time, as often as it takes; the job shows how many there were."""
    long = customer.submit("a red mug and " * 100, negative_prompt="blue", **SMALL)
    short = customer.submit("a red mug", **SMALL)

    long, short = customer.wait_until_all_finished([long, short])

    assert long["warnings"] == short["warnings"] == []
    assert long["prompt_tokens"] == [
        {"field": "prompt", "tokenizer": "tokenizer", "tokens": 400, "read": 400, "chunks": 6},
        {"field": "negative_prompt", "tokenizer": "tokenizer", "tokens": 1, "read": 1, "chunks": 6},
    ]
    assert short["prompt_tokens"] == [
        {"field": "prompt", "tokenizer": "tokenizer", "tokens": 3, "read": 3, "chunks": 1}
    ]


def test_the_link_is_worthless_when_changed(customer: Customer) -> None:
    """The bucket is private: without its signature a download address opens nothing."""
    job = customer.wait_until_finished(customer.submit(**SMALL))
    url = job["outputs"][0]["url"]

    # Stores differ in what they call a request without any signature.
    assert httpx2.get(url.partition("?")[0]).status_code in {400, 401, 403}
    assert httpx2.get(url.replace("0.png", "1.png")).status_code == 403


def test_one_request_id_from_the_call_to_the_last_line(stack: LocalStack, customer: Customer) -> None:
    """The caller's request id stands in the API's, the worker's and (with its job) every attempt's log lines."""
    response = customer.http.post("/v1/jobs", json={"prompt": "a mug", **SMALL}, headers={"X-Request-Id": "order-4711"})
    assert response.headers["X-Request-Id"] == "order-4711"
    job = customer.wait_until_finished(response.json())
    # The worker logs and counts what it has committed, a moment after everybody can read it.
    worker = stack.part("worker-1")
    customer.wait_for(job, lambda job: bool(told(worker, "attempt_recorded", job)), "logged")

    api_events = _events(stack, "api", "order-4711")
    worker_events = _events(stack, "worker-1", "order-4711")

    assert {event["job_id"] for event in api_events if event["event"] == "request_answered"} == {job["id"]}
    assert {"job_claimed", "attempt_recorded"} <= {event["event"] for event in worker_events}
    assert {event["job_id"] for event in worker_events} == {job["id"]}
    assert all(event["account_id"].startswith("acc_") for event in worker_events)


def test_metrics_tell_what_happened(stack: LocalStack, customer: Customer) -> None:
    """The dispatcher's /metrics holds the queues, the API's the requests, the worker's the waits and the outcomes."""
    job = customer.wait_until_finished(customer.submit(**SMALL))
    worker_part = stack.part("worker-1")
    customer.wait_for(job, lambda job: bool(told(worker_part, "attempt_recorded", job)), "counted")

    api = customer.http.get("/metrics").text
    worker = httpx2.get(f"http://127.0.0.1:{_metrics_port(stack, 'worker-1')}/metrics").text

    dispatcher = httpx2.get(f"http://127.0.0.1:{_metrics_port(stack, 'dispatcher')}/metrics").text
    assert 'darkroom_queue_depth{pool="default"}' in dispatcher
    assert 'darkroom_queue_oldest_wait_seconds{pool="default"}' in dispatcher
    assert 'darkroom_http_requests_total{method="POST",route="/v1/jobs",status="202"}' in api
    assert 'darkroom_render_jobs_finished_total{failure_code="",status="succeeded"}' in worker
    assert 'darkroom_queue_wait_seconds_count{pool="default"}' in worker
    assert "darkroom_worker_slots 16.0" in worker
    assert "darkroom_worker_slots_in_use 0.0" in worker
    assert 'darkroom_batch_rows_count{model="picturebook"}' in worker
    assert all('darkroom_build_info{version="' in each for each in (api, worker, dispatcher))
    assert 'darkroom_render_duration_seconds_count{model="picturebook"}' in worker


def _events(stack: LocalStack, part: str, request_id: str) -> list[dict[str, str]]:
    lines = stack.part(part).log_path.read_text().splitlines()
    return [json.loads(line) for line in lines if request_id in line]


def _metrics_port(stack: LocalStack, part: str) -> int:
    for line in stack.part(part).log_path.read_text().splitlines():
        if "metrics_served" in line:
            port: int = json.loads(line)["port"]
    return port
