"""The client `fal_client`, unmodified: fal's queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs
from tests.dialects.environments import Sdk
from tests.dialects.test_replicate import draw_picture

pytestmark = pytest.mark.slow

SIZE = {"width": 64, "height": 64}
SMALL: dict[str, Any] = {"prompt": "a red mug", "image_size": SIZE, "num_inference_steps": 1, "seed": 7}


@pytest.fixture
def fal(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "fal", "fal_calls")


def test_a_result_has_addresses_of_its_images(fal: Sdk, customer: Customer) -> None:
    """They need no key; and what the client reads of every status is there."""
    answer = fal.call("subscribe", arguments=SMALL | {"num_images": 2, "sync_mode": False}, with_logs=True)
    job = customer.read({"id": answer["id"]})
    assert answer["sha256"] == [output["sha256"] for output in job["outputs"]]
    result = answer["result"]
    assert (result["seed"], result["prompt"], result["has_nsfw_concepts"]) == (7, "a red mug", [False, False])
    assert {"width": 64, "height": 64, "content_type": "image/png"}.items() <= result["images"][0].items()
    completed = answer["seen"][-1]
    assert completed["status"] == "Completed"
    assert completed["logs"][-1]["message"] == "step 1 of 1"
    assert completed["metrics"]["inference_time"] == job["timings"]["render_ms"] / 1000


def test_a_request_is_followed_and_cancelled(fal: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """Its place counts from 0; once cancelled it is completed, with an error, and that is what its result is."""
    first, second = (fal.call("submit", arguments=SMALL) for _ in range(2))
    assert first["is_same"]
    assert fal.call("status", job_id=first["id"]) == {"status": "Queued", "position": 0}
    assert fal.call("status", job_id=second["id"])["position"] == 1
    early = customer.http.get(f"/fal/darkroom/picturebook/requests/{first['id']}")
    assert (early.status_code, early.json()["detail"]) == (400, "Request is still in progress")
    assert fal.call("cancel", job_id=first["id"]) is None
    shown = fal.call("status", job_id=first["id"], with_logs=True)
    assert (shown["status"], shown["error_type"]) == ("Completed", "client_cancelled")
    raised = fal.call("result", job_id=first["id"])
    assert (raised["status_code"], raised["error_type"]) == (499, "client_cancelled")
    missing = customer.http.put("/fal/darkroom/picturebook/requests/job_of_nobody/cancel")
    assert (missing.status_code, missing.json()) == (404, {"status": "NOT_FOUND"})


def test_a_run_is_the_result(fal: Sdk, customer: Customer) -> None:
    """Without the queue's addresses; the same call twice is two pictures, and what is wrong names the client's field."""
    [first], [second] = fal.call("run", arguments=SMALL | {"seed": None}, times=2)
    newest, older = (customer.read(job) for job in list_jobs(customer))
    assert [older["outputs"][0]["sha256"], newest["outputs"][0]["sha256"]] == [first, second]
    assert older["id"] != newest["id"]
    raised = fal.call("run", arguments=SMALL | {"image_size": "huge"})
    assert (raised["status_code"], raised["detail"][0]["loc"]) == (422, ["body", "image_size"])


def test_what_has_not_started_in_time_times_out(fal: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """The time was the client's own, and so it does not try again."""
    raised = fal.call("subscribe", arguments=SMALL, start_timeout=1.5)
    assert (raised["status_code"], raised["error_type"]) == (504, "request_timeout")
    assert raised["headers"]["x-fal-request-timeout-type"] == "user"
    [job] = list_jobs(customer)
    assert raised["headers"]["x-fal-request-id"] == job["id"]
    raised = fal.call("subscribe", arguments=SMALL, client_timeout=2)
    assert raised["error"] == "FalClientTimeoutError"
    assert customer.wait_until_finished({"id": raised["request_id"]})["status"] in {"cancelled", "failed"}


def test_headers_are_options_of_the_job(fal: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """Priority, time to start, lifetime, and whether it is kept."""
    headers = {
        "X-Fal-Object-Lifecycle-Preference": json.dumps({"expiration_duration_seconds": 7200}),
        "Idempotency-Key": "one-of-ours",
    }
    call: dict[str, Any] = {
        "arguments": SMALL,
        "priority": "low",
        "start_timeout": 90,
        "hint": "any",
        "headers": headers,
    }
    first, again = (fal.call("submit", **call) for _ in range(2))
    assert first["id"] == again["id"]
    job = customer.read(first)
    assert (job["priority"], job["start_deadline_at"] is not None) == ("low", True)
    private = fal.call("submit", arguments=SMALL, headers={"X-Fal-Store-IO": "0"})
    paused()
    # What is not kept is there for an hour at most.
    for created, seconds in ((private, 3600), (first, 7200)):
        job = customer.wait_until_finished(created)
        assert datetime.fromisoformat(job["expires_at"]) - datetime.fromisoformat(job["finished_at"]) == timedelta(
            seconds=seconds
        )


def test_pictures_and_sizes_have_their_names(fal: Sdk, customer: Customer) -> None:
    """A path is the task, a name of a size is a proportion, and an address of an output is a picture."""
    arguments = {"prompt": "a red mug", "image_size": "landscape_16_9", "num_inference_steps": 1}
    wide = fal.call("subscribe", application="darkroom/picturebook/text-to-image", arguments=arguments)
    [image] = wide["result"]["images"]
    assert 1.5 < image["width"] / image["height"] < 2
    picture = f"data:image/png;base64,{draw_picture()}"
    edit = {"prompt": "a mug", "num_inference_steps": 3, "strength": 0.9}
    for call, task in (
        ({"image_url": picture}, "image-to-image"),
        ({"image_url": picture, "mask_url": f"data:image/png;base64,{draw_picture('L', 255)}"}, "inpainting"),
        ({"image_url": image["url"]}, "image-to-image"),
    ):
        assert customer.read(fal.call("submit", arguments=edit | call))["task"] == task
    assert customer.read(list_jobs(customer)[0])["inputs"][0]["id"] in image["url"]


#: By where it is and the field that is wrong.
WRONG: dict[tuple[str, str], Any] = {
    ("body", "num_images"): {"arguments": SMALL | {"num_images": 99}},
    ("body", "image_size"): {"arguments": SMALL | {"image_size": {"width": 9999, "height": 64}}},
    ("body", "enable_safety_checker"): {"arguments": SMALL | {"enable_safety_checker": False}},
    ("body", "image_url"): {"arguments": SMALL | {"image_url": "no picture"}},
    ("body", "of_nobody"): {"arguments": SMALL | {"of_nobody": 1}},
    ("body", "priority"): {"arguments": SMALL | {"priority": "low"}, "priority": "normal"},
    ("path", "path"): {"arguments": SMALL, "application": "darkroom/picturebook/dance"},
    ("query", "fal_webhook"): {"arguments": SMALL, "webhook_url": "ftp://example.com"},
}


def test_bad_input_names_the_clients_field(fal: Sdk, customer: Customer) -> None:
    """It is an error of the client's own, and nothing is drawn."""
    raised = fal.call("submit_each", calls=[*WRONG.values(), {"arguments": SMALL | {"image_size": "huge"}}])
    assert {(each["error"], each["status_code"]) for each in raised} == {("FalClientHTTPError", 422)}
    assert [tuple(each["detail"][0]["loc"]) for each in raised] == [*WRONG, ("body", "image_size")]
    assert list_jobs(customer) == []


def test_errors_before_any_operation_are_fals_too(fal: Sdk, customer: Customer) -> None:
    """A wrong key, a model that is not there, an address with nothing."""
    assert fal.call("submit", arguments=SMALL, options={"key": "of-nobody"})["status_code"] == 401
    raised = fal.call("submit", application="darkroom/of-nobody", arguments=SMALL)
    assert (raised["status_code"], raised["error_type"]) == (404, "model_not_found")
    answer = customer.http.get("/fal/of-nobody")
    assert (answer.status_code, answer.json()["error_type"]) == (404, "not_found")
    header = {"X-Fal-Object-Lifecycle-Preference": '{"initial_acl": {}}'}
    answer = customer.http.post("/fal/darkroom/picturebook", json=SMALL, headers=header)
    assert answer.json()["detail"][0]["loc"] == ["header", "X-Fal-Object-Lifecycle-Preference"]


def test_a_status_is_streamed(customer: Customer, paused: Callable[[], None]) -> None:
    """The same objects as those of a status, until the request is completed."""
    job = customer.submit(width=64, height=64, steps=4)
    seen: list[dict[str, Any]] = []
    path = f"/fal/darkroom/picturebook/requests/{job['id']}/status/stream?logs=1"
    with customer.http.stream("GET", path) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line[6:]))
                if len(seen) == 1:
                    paused()
    statuses = [each["status"] for each in seen]
    assert statuses == sorted(statuses, key=["IN_QUEUE", "IN_PROGRESS", "COMPLETED"].index)
    assert {*statuses} == {"IN_QUEUE", "IN_PROGRESS", "COMPLETED"}
    assert all("queue_position" in each for each in seen if each["status"] == "IN_QUEUE")
    assert seen[-1]["metrics"]["inference_time"] > 0


def test_a_webhook_is_the_result(
    fal: Sdk, customer: Customer, listener: WebhookListener, paused: Callable[[], None]
) -> None:
    """In fal's own body, of what succeeds and of what does not."""
    created = fal.call("submit", arguments=SMALL, webhook_url=listener.url)
    customer.cancel(created)
    sent = json.loads(listener.calls.get(timeout=60).body)
    assert (sent["request_id"], sent["status"], sent["payload"]["error_type"]) == (
        created["id"],
        "ERROR",
        "client_cancelled",
    )
    created = fal.call("submit", arguments=SMALL, webhook_url=listener.url)
    paused()
    sent = json.loads(listener.calls.get(timeout=60).body)
    assert (sent["gateway_request_id"], sent["status"], sent["error"]) == (created["id"], "OK", None)
    assert customer.http.get(sent["payload"]["images"][0]["url"]).status_code == 200
    late = customer.http.put(f"/fal/darkroom/picturebook/requests/{created['id']}/cancel")
    assert (late.status_code, late.json()) == (400, {"status": "ALREADY_COMPLETED"})
