"""The client `runpod`, unmodified, synchronous and asynchronous."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import standardwebhooks

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"prompt": "a red mug", "width": 64, "height": 64, "num_inference_steps": 2, "seed": 7}


@pytest.fixture
def runpod(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "runpod", "runpod_calls")


def test_a_job_is_sent_and_polled(runpod: Sdk, customer: Customer) -> None:
    """Its output has addresses on our own host that open the images, and its times are in milliseconds."""
    answer = runpod.call("run", call=SMALL | {"num_images": 2})
    job = customer.read({"id": answer["id"]})
    assert (answer["status"], answer["output"]["seeds"]) == ("COMPLETED", [7, 8])
    for url, output in zip(answer["output"]["images"], job["outputs"], strict=True):
        assert len(customer.http.get(url, headers={"Authorization": ""}).content) == output["byte_size"]
    status = customer.http.get(f"/runpod/v2/picturebook/status/{job['id']}").json()
    assert status["delayTime"] == job["timings"]["queue_ms"]
    assert status["executionTime"] == job["timings"]["render_ms"] + job["timings"]["upload_ms"]


def test_a_call_waits_for_its_job(runpod: Sdk) -> None:
    """`run_sync` has the output; also with the whole request, and with names of RunPod's own workers."""
    call = {"input": SMALL | {"high_noise_frac": 1.0}}
    refused = runpod.call("run_sync", call=call)
    assert json.loads(refused["text"])["error"].startswith("input.high_noise_frac: "), "Picturebook has no refiner"
    assert runpod.call("run_sync", call={"input": SMALL})["seed"] == 7


def test_a_wait_that_is_over_is_followed_by_polls(customer: Customer, paused: Callable[[], None]) -> None:
    """`wait` is in milliseconds; when it is over the answer has the id and where the job is."""
    answer = customer.http.post("/runpod/v2/picturebook/runsync?wait=1000", json={"input": SMALL})
    assert (answer.status_code, answer.json()["status"]) == (200, "IN_QUEUE")
    assert answer.json()["id"] == wait_for_job(customer)["id"]
    assert customer.http.post("/runpod/v2/picturebook/runsync?wait=5", json={"input": SMALL}).status_code == 400


def test_a_failure_is_the_output_of_run_sync(runpod: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """The client has nothing but the output: a late error stands there, and not an empty answer."""
    call = runpod.start("run_sync", call=SMALL)
    customer.cancel(wait_for_job(customer))
    assert runpod.finish(call) == {"error": "The job was cancelled.", "code": "cancelled", "retryable": False}
    late = runpod.call("run_sync", call={"input": SMALL, "policy": {"ttl": 1000}})
    assert late["code"] == "start_deadline_exceeded"


def test_a_stream_ends(runpod: Sdk, customer: Customer) -> None:
    """Its output comes last, and once."""
    job = customer.submit(**SMALL)
    customer.wait_until_finished(job)
    answer = runpod.call("stream", job_id=job["id"], seconds=30)
    assert [part["seed"] for part in answer["parts"]] == [7]
    assert answer["status"] == "COMPLETED"


def test_the_stream_of_a_cancelled_job_ends(runpod: Sdk, customer: Customer) -> None:
    """CANCELLED is no end to the client: without another one it would ask for ever. What it has had, it does not have again; and one that
    runs is CANCELLED at once, as RunPod has it, because it cannot succeed any more.
    """
    call = {"prompt": "a red mug", "width": 320, "height": 320, "num_inference_steps": 100, "num_images": 4}
    answer = runpod.call("stream_and_cancel", call=call, seconds=60)
    *progress, last = answer["parts"]
    assert (answer["answer"]["status"], last["code"]) == ("CANCELLED", "cancelled")
    assert customer.read(answer)["status"] == "cancelled"
    steps = [part["progress"]["step"] for part in progress]
    assert steps
    assert steps == sorted(set(steps))


def test_a_job_is_cancelled(runpod: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """One that waits, by the client's own call."""
    job = customer.submit(**SMALL)
    answer = runpod.call("cancel", job_id=job["id"])
    assert (answer["answer"]["status"], answer["status"]) == ("CANCELLED", "CANCELLED")
    assert customer.read(job)["status"] == "cancelled"


def test_the_queue_is_purged(runpod: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """What waits is cancelled, within the client's three seconds; `health` counts it before and after."""
    jobs = [customer.submit(**SMALL) for _ in range(5)]
    health = runpod.call("health")
    assert health["jobs"]["inQueue"] == len(jobs)
    assert sum(health["workers"][each] for each in ("idle", "running", "initializing")) == 1
    assert runpod.call("purge") == {"removed": len(jobs), "status": "completed"}
    assert runpod.call("health")["jobs"]["inQueue"] == 0
    assert {job["status"] for job in list_jobs(customer)} == {"cancelled"}


def test_a_failed_job_is_sent_again(customer: Customer, paused: Callable[[], None]) -> None:
    """`retry` makes a job of its own with the same request; one that waits cannot be retried."""
    job = customer.submit(**SMALL)
    again = f"/runpod/v2/picturebook/retry/{job['id']}"
    assert customer.http.post(again).status_code == 409
    customer.cancel(job)
    answer = customer.http.post(again)
    assert (answer.status_code, answer.json()["status"]) == (200, "IN_QUEUE")
    retried = customer.read(answer.json())
    assert (retried["derived_from"]["job"], retried["request"]["seed"]) == (job["id"], 7)


def test_a_webhook_has_runpods_body(runpod: Sdk, customer: Customer, listener: WebhookListener) -> None:
    """The same as `status`, signed as all our webhooks are."""
    answer = runpod.call("run", call={"input": SMALL, "webhook": listener.url})
    received = listener.calls.get(timeout=20)
    secret = customer.http.get("/v1/webhook-secret").raise_for_status().json()["secret"]
    body = standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    assert (body["id"], body["status"], body["output"]["seed"]) == (answer["id"], "COMPLETED", 7)
    assert {"delayTime", "executionTime"} <= body.keys()
    assert customer.http.get(body["output"]["image_url"]).headers["Content-Type"] == "image/png"


def test_a_policy_counts(runpod: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """`ttl` is until the start, `executionTimeout` from then on; a low priority is one."""
    policy = {"ttl": 60_000, "executionTimeout": 30_500, "lowPriority": True}
    error = runpod.call("run", call={"input": SMALL, "policy": policy}, patience=1)
    assert error["error"] == "TimeoutError"
    job = customer.read(wait_for_job(customer))
    assert job["priority"] == "low"
    times = [
        _read_seconds(job[name]) - _read_seconds(job["created_at"]) for name in ("start_deadline_at", "deadline_at")
    ]
    assert times == pytest.approx([60, 91], abs=0.1)


def _read_seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_errors_name_the_clients_fields(runpod: Sdk) -> None:
    """What is not done is refused and named; a key that opens nothing is what the client says of one."""
    wrong: list[tuple[dict[str, Any], str]] = [
        (SMALL | {"width": 65}, "input.width"),
        ({"input": SMALL, "s3Config": {"accessId": "me"}}, "s3Config"),
        ({"input": SMALL, "policy": {"ttl": "long"}}, "policy.ttl"),
        ({"input": SMALL, "policy": {"of_nobody": 1}}, "policy.of_nobody"),
        ({"input": SMALL, "webhook": "not an address"}, "webhook.url"),
    ]
    others = [{"call": SMALL, "model": "of-nobody"}, {"call": SMALL, "api_key": "dk_of_nobody"}]
    *refused, unknown, stranger = runpod.call("run_each", calls=[*({"call": call} for call, _ in wrong), *others])
    for error, (_, field) in zip(refused, wrong, strict=True):
        assert error["status"] == 400, error
        assert json.loads(error["text"])["error"].startswith(f"{field}: "), error
    assert unknown["status"] == 404
    assert "401" in stranger["message"]


def test_the_asynchronous_client_does_the_same(runpod: Sdk) -> None:
    """It reads JSON of every answer, and keeps its place in a stream."""
    answer = runpod.call("run_asynchronously", call=SMALL)
    assert (answer["output"]["seed"], answer["status"]) == (7, "COMPLETED")
    assert [part["seed"] for part in answer["parts"]] == [7]


def test_any_job_is_read_by_its_id(customer: Customer, paused: Callable[[], None]) -> None:
    """Jobs of every other client are here, in every state."""

    def read(job: dict[str, str]) -> str:
        return str(customer.http.get(f"/runpod/v2/picturebook/status/{job['id']}").raise_for_status().json()["status"])

    queued = customer.submit(width=64, height=64, steps=1)
    late = customer.submit(width=64, height=64, steps=1, start_deadline_seconds=1)
    cancelled = customer.submit(width=64, height=64, steps=1)
    customer.cancel(cancelled)
    assert (read(queued), read(cancelled)) == ("IN_QUEUE", "CANCELLED")
    customer.wait_until_finished(late)
    assert read(late) == "TIMED_OUT"
    paused()
    customer.wait_until_finished(queued)
    assert read(queued) == "COMPLETED"
    assert customer.http.get("/runpod/v2/picturebook/status/job_of_nobody").status_code == 404
