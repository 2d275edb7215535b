"""The client `replicate` 2, a beta, unmodified: what it does otherwise than the first one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk
from tests.dialects.test_replicate import LONG, SMALL, draw_picture

pytestmark = pytest.mark.slow


@pytest.fixture
def replicate(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "replicate2", "replicate2_calls")


def test_a_run_returns_its_outputs(replicate: Sdk, customer: Customer) -> None:
    """Downloaded without a token. The same call twice is two pictures."""
    [[first], [second]] = replicate.call("run", times=2, by="version", input=SMALL)
    digests = [customer.read(job)["outputs"][0]["sha256"] for job in list_jobs(customer)]
    assert [second, first] == [["FileOutput", digest] for digest in digests]
    [[name, digest]] = replicate.call("run", input=LONG, wait=1)
    assert (name, digest) == ("FileOutput", customer.read(list_jobs(customer)[0])["outputs"][0]["sha256"])


def test_a_model_is_a_function(replicate: Sdk, customer: Customer) -> None:
    """It reads the model, its version and its schema first, and its output is a path."""
    [digest] = replicate.call("use", **SMALL)
    assert digest == customer.read(wait_for_job(customer))["outputs"][0]["sha256"]


def test_the_client_turns_pages(replicate: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """By itself, and between times."""
    jobs = [customer.submit(width=64, height=64, steps=1) for _ in range(5)]
    ids = [job["id"] for job in jobs]
    assert replicate.call("page", limit=2) == ids[::-1]
    assert replicate.call("page", limit=2, created_after=jobs[3]["created_at"]) == [ids[4], ids[3]]
    shown = replicate.call("get", job_id=ids[0])
    assert (shown["status"], shown["data_removed"], shown["version"]) == ("starting", False, "hidden")
    assert replicate.call("cancel", job_id=ids[0])["status"] == "canceled"


def test_a_file_is_bytes(replicate: Sdk) -> None:
    """Without a name or a type that says what it is."""
    picture = draw_picture()
    shown = replicate.call("send_file", picture=picture)
    assert shown["listed"] == [shown["sent"]["id"]] == [shown["found"]]
    assert shown["sent"]["checksums"]["sha256"] == hashlib.sha256(base64.b64decode(picture)).hexdigest()
    raised = replicate.call("send_file_with_metadata", picture=picture)
    assert (raised["status_code"], raised["body"]["invalid_fields"][0]["field"]) == (422, "metadata")


def test_errors_and_deadlines(replicate: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """An error is raised at once, with the whole answer; a deadline is a header."""
    raised = replicate.call("create", input=SMALL | {"height": 9999})
    assert (raised["error"], raised["status_code"]) == ("UnprocessableEntityError", 422)
    assert raised["body"]["invalid_fields"][0]["field"] == "input.height"
    created: dict[str, Any] = replicate.call("create", version="darkroom/picturebook", input=SMALL, cancel_after="1h")
    assert created["deadline"] is not None
    assert replicate.call("create_in_deployment", input=SMALL)["status"] == "starting"
    rest = replicate.call("read_rest")
    assert (rest["account"], rest["hardware"], rest["secret"]) == ("organization", ["default"], "whsec_")
    assert (rest["deployment"], "picturebook" in rest["models"]) == ("picturebook", True)
