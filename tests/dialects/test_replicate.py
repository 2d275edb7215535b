"""The client `replicate` 1, unmodified: every trap of its wire."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from PIL import Image

from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"prompt": "a red mug", "width": 64, "height": 64, "num_inference_steps": 1, "seed": 7}

#: Is rendered for longer than a wait of half a second.
LONG: dict[str, Any] = SMALL | {"width": 320, "height": 320, "num_inference_steps": 30}


@pytest.fixture
def replicate(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "replicate1", "replicate1_calls")


def draw_picture(mode: str = "RGB", colour: Any = (200, 30, 30)) -> str:
    """A picture of one colour, as base64."""
    file = io.BytesIO()
    Image.new(mode, (64, 64), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize("by", ["model", "version"])
def test_a_run_returns_its_outputs(replicate: Sdk, customer: Customer, by: str) -> None:
    """They are files that the client downloads with its token and without redirects, to the byte. A version is looked up after the
    prediction, and its outputs are a list at once, and no stream.
    """
    answer = replicate.call("run", by=by, input=SMALL | {"num_outputs": 2, "output_format": "jpg"})
    job = customer.read(wait_for_job(customer))
    assert [each["sha256"] for each in answer["output"]] == [each["sha256"] for each in job["outputs"]]
    assert {each["type"] for each in answer["output"]} == {"FileOutput"}
    assert answer["type"] == "list"
    assert (job["request"]["num_images"], job["request"]["output_format"]) == (2, "jpeg")


def test_a_wait_that_runs_out_is_starting(replicate: Sdk, customer: Customer) -> None:
    """The client takes every other word than `starting` for an end: a job that renders by then still comes to its outputs."""
    answer = replicate.call("run", input=LONG, wait=1)
    assert len(answer["output"]) == 1
    assert len(list_jobs(customer)) == 1


def test_a_prediction_is_what_its_client_can_read(
    replicate: Sdk, customer: Customer, paused: Callable[[], None]
) -> None:
    """Its words for states, addresses that are texts, and progress from its log; made by version, model and deployment."""
    ids = []
    for by in ("version", "model", "deployment"):
        shown = replicate.call("create", by=by, input=SMALL)
        assert (shown["status"], shown["output"], shown["progress"]) == ("starting", None, None)
        assert {*shown["urls"]} == {"get", "cancel", "stream", "web"}
        assert (shown["model"], shown["input"]["prompt"]) == ("darkroom/picturebook", "a red mug")
        ids.append(shown["id"])
    paused()
    for id_ in ids:
        shown = replicate.call("wait", job_id=id_)
        assert (shown["status"], shown["progress"]) == ("succeeded", [1.0, 1, 1])
        assert shown["logs"].startswith("Using seed: 7\n")
        assert shown["metrics"]["predict_time"] <= shown["metrics"]["total_time"]
        assert shown["output"][0].startswith("https:")


def test_deadlines_and_cancellations_are_canceled(
    replicate: Sdk, customer: Customer, paused: Callable[[], None]
) -> None:
    """The client knows no other words for them, and its `wait` ends. A prediction that has ended may be cancelled again."""
    late = replicate.call("create", input=SMALL | {"start_deadline_seconds": 1})
    shown = replicate.call("wait", job_id=late["id"])
    assert (shown["status"], shown["error"][:23]) == ("canceled", "start_deadline_exceeded")
    timed = replicate.call("create", after="1m30s", input=SMALL)
    job = customer.read(timed)
    assert 89 <= _seconds(job["deadline_at"]) - _seconds(job["created_at"]) <= 91
    for _ in range(2):
        assert replicate.call("cancel", job_id=timed["id"])["status"] == "canceled"
    assert customer.read(timed)["status"] == "cancelled"


def _seconds(moment: str) -> float:
    return time.mktime(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


def test_a_failure_is_raised_with_its_prediction(replicate: Sdk) -> None:
    """A mask that paints nothing is found by the worker alone."""
    pictures = {"image": f"data:image/png;base64,{draw_picture()}"}
    pictures["mask"] = f"data:image/png;base64,{draw_picture('L', 0)}"
    raised = replicate.call("run", input=SMALL | {"num_inference_steps": 3} | pictures)
    assert raised["error"] == "ModelError"
    assert raised["message"].startswith("invalid_request: ")
    assert raised["prediction"]["status"] == "failed"


def test_the_client_turns_pages(replicate: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """By whole addresses, over the jobs of every client, newest first."""
    ids = [customer.submit(width=64, height=64, steps=1)["id"] for _ in range(5)]
    assert replicate.call("page", limit=2) == [ids[4:2:-1], ids[2:0:-1], ids[:1]]


def test_pictures_go_up_as_files(replicate: Sdk, customer: Customer) -> None:
    """The bytes decide what a file is; the address of it is a picture, and so is the address of an output."""
    call = SMALL | {"num_inference_steps": 3}
    answer = replicate.call("draw_from_file", picture=draw_picture(), **call)
    job = customer.read(answer["prediction"])
    assert (job["task"], job["inputs"][0]["id"]) == ("image-to-image", answer["file"]["id"])
    assert (answer["file"]["content_type"], answer["deleted"], answer["left"]) == ("image/png", True, 0)
    assert len(answer["file"]["checksums"]["sha256"]) == 64
    in_input = replicate.call("send_file_in_input", picture=draw_picture(), **call)
    assert customer.read(in_input)["task"] == "image-to-image"
    [output] = replicate.call("get", job_id=answer["prediction"]["id"])["output"]
    again = replicate.call("create", input=call | {"image": output})
    assert customer.read(again)["inputs"][0]["id"] == job["outputs"][0]["id"]


def test_models_have_a_version_with_a_schema(replicate: Sdk, customer: Customer) -> None:
    """Everything that clients read of a model is there, also where there is nothing to say."""
    model = customer.http.get("/replicate/v1/models/darkroom/picturebook").json()
    assert {*model} == {
        *("url", "owner", "name", "description", "visibility", "github_url", "paper_url", "license_url", "run_count"),
        *("cover_image_url", "default_example", "latest_version"),
    }
    shown = replicate.call("list_models")
    assert "darkroom/picturebook" in shown["ids"]
    assert shown["version"] == shown["latest"]
    assert re.fullmatch("[0-9a-f]{64}", shown["version"])
    assert {"prompt", "width", "image", "seed"} <= {*shown["input"]["properties"]}
    assert {"model", "task", "webhook"}.isdisjoint(shown["input"]["properties"])
    assert shown["output"]["items"] == {"type": "string", "format": "uri"}
    assert "x-cog-array-type" not in shown["output"]
    assert replicate.call("read_account")["hardware"] == ["default"]


#: By the field that is wrong.
WRONG: dict[str, Any] = {
    "input.width": {"input": SMALL | {"width": 9999}},
    "input.num_outputs": {"input": SMALL | {"num_outputs": 99}},
    "input.go_fast": {"input": SMALL | {"go_fast": True}},
    "input.model": {"input": SMALL | {"model": "picturebook"}},
    "webhook": {"input": SMALL, "webhook": "ftp://example.com"},
    "webhook_events_filter": {
        "input": SMALL,
        "webhook": "https://example.com",
        "webhook_events_filter": ["logs"],
    },
    "Cancel-After": {"input": SMALL, "after": "0s"},
}


def test_bad_input_names_the_clients_field(replicate: Sdk, customer: Customer) -> None:
    """It is an error of the client's own, with what is wrong; and nothing is drawn."""
    raised = replicate.call("create_each", calls=[*WRONG.values()])
    assert {(each["error"], each["status"]) for each in raised} == {("ReplicateError", 422)}
    assert [each["detail"].partition(": ")[0] for each in raised] == [*WRONG]
    assert list_jobs(customer) == []


def test_errors_before_any_operation_are_replicates_too(replicate: Sdk, customer: Customer) -> None:
    """A wrong token, a model and a version that are not there, an unknown field of a body."""
    assert replicate.call("run", token="r8_of_nobody", input=SMALL)["status"] == 401
    assert replicate.call("run", ref="stability-ai/sdxl", input=SMALL)["status"] == 404
    raised = replicate.call("run", ref=f"darkroom/picturebook:{'0' * 64}", input=SMALL)
    assert (raised["status"], raised["title"]) == (422, "Unprocessable Entity")
    for path in ("/replicate/v1/of-nobody", "/replicate", "/replicate/v1/predictions/job_of_nobody"):
        answer = customer.http.get(path)
        assert (answer.status_code, answer.headers["X-Should-Retry"]) == (404, "false")
        assert {"type", "title", "status", "detail", "instance"} <= {*answer.json()}
    body = {"version": "darkroom/picturebook", "input": SMALL, "of_nobody": 1}
    answer = customer.http.post("/replicate/v1/predictions", json=body)
    assert answer.json()["invalid_fields"][0]["field"] == "of_nobody"


def test_a_stream_ends_with_done(replicate: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """Each event has an id, without which the client drops it, and a name that the client knows."""
    created = replicate.call("create", input=SMALL | {"num_inference_steps": 4})
    stream = replicate.start("stream", job_id=created["id"])
    time.sleep(1)
    paused()
    *logs, output, done = replicate.finish(stream)
    assert {name for name, _, _ in logs} == {"logs"}
    assert logs[-1][1].startswith("100%|")
    assert (output[0], output[1][:6], done[:2]) == ("output", "https:", ["done", "{}"])
    assert all(id_ for _, _, id_ in (*logs, output, done))
    assert replicate.call("stream", job_id=created["id"])[-1][0] == "done"


def test_a_silent_stream_is_alive(customer: Customer, paused: Callable[[], None]) -> None:
    """The client gives up after half a minute without a byte, and proxies after a minute: comments come before that."""
    job = customer.submit(width=64, height=64, steps=1)
    with customer.http.stream("GET", f"/replicate/v1/predictions/{job['id']}/stream") as answer:
        comments = [line for line in islice(answer.iter_lines(), 4) if line.startswith(":")]
    assert len(comments) == 2


def test_a_stream_of_what_fails_raises(replicate: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """And of what is cancelled it ends."""
    cancelled = customer.submit(width=64, height=64, steps=1)
    customer.cancel(cancelled)
    [done] = replicate.call("stream", job_id=cancelled["id"])
    assert done[:2] == ["done", '{"reason":"canceled"}']


def test_a_webhook_is_the_prediction(replicate: Sdk, listener: WebhookListener) -> None:
    """Its start and its end; the client's own helper finds both signed with the account's secret."""
    events = ["start", "output", "completed"]
    created = replicate.call("create", input=SMALL, webhook=listener.url, webhook_events_filter=events)
    # They are sent by themselves, and one may overtake the other.
    calls = [listener.calls.get(timeout=60) for _ in range(2)]
    start, call = sorted(calls, key=lambda call: json.loads(call.body)["completed_at"] is not None)
    begun = json.loads(start.body)
    assert (begun["id"], begun["status"], begun["output"]) == (created["id"], "processing", None)
    assert replicate.call("validate_webhook", headers=start.headers, body=start.body.decode()) == "whsec_"
    sent = json.loads(call.body)
    assert (sent["id"], sent["status"]) == (created["id"], "succeeded")
    shown = replicate.call("get", job_id=created["id"])
    assert {*sent} == {*shown} - {"progress"} | {"data_removed", "deadline", "deployment", "source"}
    assert sent["output"][0].rpartition("/")[2] == shown["output"][0].rpartition("/")[2]
    assert replicate.call("validate_webhook", headers=call.headers, body=call.body.decode()) == "whsec_"
    replicate.call("create", input=SMALL, webhook_completed=listener.url)
    assert json.loads(listener.calls.get(timeout=60).body)["status"] == "succeeded"
