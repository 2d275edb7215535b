"""The client `openai`, unmodified: batches of calls, JSON lines in and out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs
from tests.dialects.environments import Sdk
from tests.dialects.test_openai_images import draw_picture

pytestmark = pytest.mark.slow

GENERATIONS = "/v1/images/generations"


@pytest.fixture
def openai(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "openai", "openai_calls")


def build_line(custom_id: str, url: str = GENERATIONS, **body: Any) -> dict[str, Any]:
    small = {"prompt": "a red mug", "size": "64x64", "steps": 1}
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": small | body}


def test_a_batch_is_drawn_and_read(openai: Sdk, customer: Customer) -> None:
    """Each line is a job; its images stand in the output file, and what was refused in the error file, by its own id."""
    lines = [build_line("one", seed=7), build_line("two", response_format="url"), build_line("wrong", size="9x9")]
    ended = openai.call("run_batch", lines=lines, endpoint=GENERATIONS)
    batch = ended["batch"]
    assert (batch["status"], batch["metadata"], batch["endpoint"]) == ("completed", {"night": "1"}, GENERATIONS)
    assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    assert (ended["listed"], ended["input"]) == ([batch["id"]], True)
    first, second = ended["output_file_id"]
    assert (first["custom_id"], first["response"]["status_code"], first["error"]) == ("one", 200, None)
    image = base64.b64decode(first["response"]["body"]["data"][0]["b64_json"])
    job = customer.read({"id": first["response"]["body"]["job_id"]})
    assert hashlib.sha256(image).hexdigest() == job["outputs"][0]["sha256"]
    assert (job["request"]["seed"], job["priority"], job["metadata"]["custom_id"]) == (7, "low", "one")
    assert customer.http.get(second["response"]["body"]["data"][0]["url"]).status_code == 200
    [refused] = ended["error_file_id"]
    assert (refused["custom_id"], refused["response"], refused["error"]["code"]) == ("wrong", None, "invalid_request")
    assert refused["error"]["message"].startswith("size: ")


def test_a_batch_of_edits(openai: Sdk, customer: Customer) -> None:
    """The JSON form, with pictures as data URIs."""
    url = "/v1/images/edits"
    uri = f"data:image/png;base64,{draw_picture()}"
    line = build_line("one", url, steps=3, images=[{"image_url": uri}])
    [answer] = openai.call("run_batch", lines=[line], endpoint=url)["output_file_id"]
    assert customer.read({"id": answer["response"]["body"]["job_id"]})["task"] == "image-to-image"


def test_a_batch_is_cancelled(openai: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """And with it all of its jobs."""
    shown = openai.call("cancel_batch", lines=[build_line(str(number)) for number in range(3)], endpoint=GENERATIONS)
    assert (shown["began"], shown["ended"]["status"]) == ("in_progress", "cancelled")
    assert shown["ended"]["request_counts"] == {"total": 3, "completed": 0, "failed": 3}
    assert [job["status"] for job in list_jobs(customer)] == ["cancelled"] * 3


def test_a_file_that_cannot_be_worked_on_fails_as_a_whole(openai: Sdk, customer: Customer) -> None:
    """Its lines are named, and nothing is drawn."""
    lines = [build_line("one"), build_line("one"), build_line("two", "/v1/chat/completions"), {"custom_id": "three"}]
    batch = openai.call("run_batch", lines=lines, endpoint=GENERATIONS)["batch"]
    assert batch["status"] == "failed"
    assert [each["message"].partition(":")[0] for each in batch["errors"]["data"]] == ["line 2", "line 3", "line 4"]
    assert list_jobs(customer) == []
