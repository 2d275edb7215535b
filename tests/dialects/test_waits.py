"""Calls that wait for their jobs: kept alive, repeated by their clients, and cut where they fail late. The client is `openai`."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk
from tests.http.nginx import nginx_before

pytestmark = pytest.mark.slow

CALL = {"prompt": "a red mug", "size": "64x64", "extra_body": {"steps": 1}}

#: Seconds that a client waits for a byte.
IMPATIENT = 1.5


@pytest.fixture
def openai(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "openai", "openai_calls")


def test_a_call_outlives_the_process_that_it_waits_in(
    openai: Sdk, service: Service, customer: Customer, paused: Callable[[], None]
) -> None:
    """The API ends and starts again: the client's repeat waits in the new process, for the same job."""
    call = openai.start("generate", call=CALL, options={"max_retries": 8})
    job = wait_for_job(customer)
    api = service.stack.part("api")
    api.stop()
    api.start()
    api.wait_until_ready()
    paused()
    assert openai.finish(call)["job_id"] == job["id"]
    assert [each["id"] for each in list_jobs(customer)] == [job["id"]]


def test_a_long_call_comes_through_nginx(
    service: Service, customer: Customer, paused: Callable[[], None], tmp_path: Path
) -> None:
    """As docs/deployment.md has it configured: it keeps no blank back, and what is cut behind it is cut before it."""
    with nginx_before(service.api_port, service.proxy.authority, tmp_path) as port:
        url = f"https://localhost:{port}/darkroom"
        openai = build_sdk(service, customer, "openai", "openai_calls", DARKROOM_URL=url)
        call = openai.start("generate", call=CALL, options={"timeout": IMPATIENT, "max_retries": 0})
        failing = openai.start("generate", call=CALL | {"prompt": "a lamp"}, options={"timeout": IMPATIENT})
        while len(jobs := list_jobs(customer)) < 2:
            time.sleep(0.1)
        time.sleep(2 * IMPATIENT)
        [lamp] = [job for job in jobs if job["request"]["prompt"] == "a lamp"]
        customer.http.post(f"/v1/jobs/{lamp['id']}/cancel").raise_for_status()
        error = openai.finish(failing)
        assert (error["code"], error["status_code"], error["repeats"]) == ("cancelled", 409, "1")
        paused()
        assert "job_id" in openai.finish(call)
    assert len(list_jobs(customer)) == 2


def test_equal_calls_are_jobs_of_their_own(openai: Sdk, customer: Customer) -> None:
    """The same call twice is two pictures: only a repeat of a try is the same one."""
    first, second = openai.call("generate", call=CALL, times=2)
    assert first["job_id"] != second["job_id"]
    assert len(list_jobs(customer)) == 2


def test_a_client_that_repeats_nothing_has_the_late_error_in_the_body(
    customer: Customer, paused: Callable[[], None]
) -> None:
    """Nobody sends its request again, so its answer, which began as 200, says what went wrong."""
    headers = {"X-Stainless-Read-Timeout": "1.5"}
    body = {"prompt": "a red mug", "size": "64x64", "steps": 1}
    with customer.http.stream("POST", "/openai/v1/images/generations", json=body, headers=headers) as answer:
        assert answer.status_code == 200
        job = wait_for_job(customer)
        assert customer.http.post(f"/v1/jobs/{job['id']}/cancel").status_code == 200
        answer.read()
    assert answer.json()["error"]["code"] == "cancelled"


def test_an_address_on_our_host_opens_an_output(openai: Sdk, customer: Customer, service: Service) -> None:
    """It needs no key, and minds none; without its signature, or with another's, it opens nothing."""
    answer = openai.call("generate", call=CALL | {"response_format": "url"})
    url = answer["data"][0]["url"]
    [output] = customer.read({"id": answer["job_id"]})["outputs"]
    assert url.startswith(f"{service.url}/media/")
    assert url.endswith(f"{output['id']}.png")
    for headers in ({}, {"Authorization": "Bearer of-nobody"}):
        got = customer.http.get(url, headers=headers)
        assert (got.status_code, got.headers["Content-Type"]) == (200, "image/png")
        assert hashlib.sha256(got.content).hexdigest() == output["sha256"]
    token = url.split("/")[-2]
    for other in (f"9{token}", f"{token}x", base64.b64encode(token.encode()).decode(), "-"):
        assert customer.http.get(url.replace(token, other)).status_code == 404
    assert customer.http.get(url, headers={"Range": "bytes=0-7"}).content == b"\x89PNG\r\n\x1a\n"


def test_a_stream_is_in_the_dialects_words(openai: Sdk, customer: Customer) -> None:
    """Its last event is the picture; partial ones come before it."""
    call = {"prompt": "a red mug", "size": "320x320", "partial_images": 2, "extra_body": {"steps": 100, "seed": 7}}
    *partial, completed = openai.call("stream", call=call)
    assert completed["type"] == "image_generation.completed"
    [output] = customer.read({"id": completed["job_id"]})["outputs"]
    assert completed["sha256"] == output["sha256"]
    assert [each["type"] for each in partial] == ["image_generation.partial_image"] * len(partial)
    assert 1 <= len(partial) <= 2
