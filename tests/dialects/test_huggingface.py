"""The client `huggingface_hub`, unmodified: what `InferenceClient.text_to_image` and `.image_to_image` send."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
from collections.abc import Callable

import pytest
from PIL import Image

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

SMALL = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": 7}


@pytest.fixture
def huggingface(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "huggingface", "huggingface_calls")


def draw_picture(side: int = 64) -> str:
    """A picture that no compression makes small, as base64."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def read_pixels(customer: Customer, job: dict[str, str]) -> str:
    """The hash of a job's first image."""
    [output] = customer.read(job)["outputs"]
    return hashlib.sha256(Image.open(io.BytesIO(customer.download(output))).tobytes()).hexdigest()


def test_an_image_of_a_prompt(huggingface: Sdk, customer: Customer) -> None:
    """The client has the job's image, and its parameters have their own names: those of diffusers."""
    call = SMALL | {"negative_prompt": "blue", "guidance_scale": 3.0, "scheduler": "euler"}
    image = huggingface.call("text_to_image", prompt="a red mug", call=call | {"extra_body": {"priority": "low"}})
    [job] = list_jobs(customer)
    found = customer.read(job)
    assert (image["size"], image["format"]) == ([64, 64], "PNG")
    assert image["pixels"] == read_pixels(customer, job)
    assert {name: found["request"][name] for name in call} == call
    assert (found["request"]["prompt"], found["priority"]) == ("a red mug", "low")


def test_the_accept_header_decides_the_format(huggingface: Sdk) -> None:
    """The client sends `image/png` if its user says nothing."""
    options = {"headers": {"Accept": "image/webp"}}
    image = huggingface.call("text_to_image", prompt="a red mug", call=SMALL, options=options)
    assert image["format"] == "WEBP"


def test_an_image_of_an_image(huggingface: Sdk, customer: Customer) -> None:
    """`inputs` is the picture then, as base64, short or long, and the prompt is a parameter; the size may be the target's."""
    for side in (8, 64):
        call = {"prompt": "a blue mug", "target_size": {"width": 128, "height": 64}, "strength": 0.5, "seed": 7}
        image = huggingface.call("image_to_image", picture=draw_picture(side), call=call | {"num_inference_steps": 2})
        assert image["size"] == [128, 64]
        job = customer.read(list_jobs(customer)[0])
        assert (job["task"], job["request"]["prompt"], job["request"]["strength"]) == (
            "image-to-image",
            "a blue mug",
            0.5,
        )


def test_a_picture_without_a_prompt_is_refused(huggingface: Sdk) -> None:
    """The client sends it as it is, or with parameters and no prompt: both are an error with the field, not a prompt of base64."""
    for call, field in (({}, "parameters.prompt"), ({"guidance_scale": 2.0}, "parameters.prompt")):
        error = huggingface.call("image_to_image", picture=draw_picture(), call=call)
        assert error["status"] == 422
        assert json.loads(error["text"])["error"].startswith(f"{field}: "), error


def test_errors_name_the_clients_fields(huggingface: Sdk) -> None:
    """What is wrong is an `error`, as the client shows it; models that are not there are 404, and a wrong key 401."""
    for call, field in (
        ({"width": 65}, "parameters.width"),
        ({"extra_body": {"num_images": 2}}, "parameters.num_images"),
        ({"extra_body": {"of_nobody": 2}}, "parameters.of_nobody"),
    ):
        error = huggingface.call("text_to_image", prompt="a red mug", call=call)
        assert (error["error"], error["status"]) == ("HfHubHTTPError", 422)
        assert json.loads(error["text"])["error"].startswith(f"{field}: "), error
        assert f"{field}: " in error["message"]
    assert huggingface.call("text_to_image", prompt="a mug", model="of-nobody", call={})["status"] == 404
    refused = huggingface.call("text_to_image", prompt="a mug", call={}, options={"api_key": "dk_of_nobody"})
    assert refused["status"] == 401


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "mug-1"}], ids=["bare", "with a key"])
def test_a_client_that_gave_up_comes_back(
    huggingface: Sdk, customer: Customer, paused: Callable[[], None], headers: dict[str, str]
) -> None:
    """A render that outlasts the client's timeout goes on; the same call again gets its image, also without a key: one job."""
    call = {**SMALL, "seed": None}
    error = huggingface.call("text_to_image", prompt="a mug", call=call, options={"timeout": 1.5, "headers": headers})
    assert error["error"] == "InferenceTimeoutError"
    paused()
    image = huggingface.call("text_to_image", prompt="a mug", call=call, options={"headers": headers})
    [job] = list_jobs(customer)
    assert image["pixels"] == read_pixels(customer, job)


def test_equal_calls_that_are_answered_are_two_images(huggingface: Sdk, customer: Customer) -> None:
    """The same call again, on purpose, after the first one has its image."""
    call = {**SMALL, "seed": None}
    for count in (1, 2):
        assert huggingface.call("text_to_image", prompt="a mug", call=call)["size"] == [64, 64]
        assert len(list_jobs(customer)) == count


def test_the_true_error_of_a_late_failure(huggingface: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """A job that is cancelled while the client waits is its error, with its status."""
    call = huggingface.start("text_to_image", prompt="a mug", call=SMALL)
    customer.cancel(wait_for_job(customer))
    error = huggingface.finish(call)
    assert (error["status"], json.loads(error["text"])["error_type"]) == (409, "cancelled")


def test_any_job_is_read_by_its_id(customer: Customer, paused: Callable[[], None]) -> None:
    """Jobs of every other client are here, in every state."""

    def read(job: dict[str, str]) -> tuple[int, str]:
        answer = customer.http.get(f"/huggingface/models/picturebook/jobs/{job['id']}")
        is_image = answer.headers["Content-Type"] == "image/png"
        return answer.status_code, "image" if is_image else answer.json()["error_type"]

    queued = customer.submit(width=64, height=64, steps=1)
    late = customer.submit(width=64, height=64, steps=1, start_deadline_seconds=1)
    cancelled = customer.submit(width=64, height=64, steps=1)
    customer.cancel(cancelled)
    assert read(queued) == (503, "queued")
    assert read(cancelled) == (409, "cancelled")
    customer.wait_until_finished(late)
    assert read(late) == (504, "start_deadline_exceeded")
    paused()
    customer.wait_until_finished(queued)
    assert read(queued) == (200, "image")
    assert read({"id": "job_of_nobody"}) == (404, "job_not_found")


def test_health_is_the_models(huggingface: Sdk) -> None:
    """`health_check` is true of a model that is served."""
    assert huggingface.call("check_health", model="picturebook") is True
    assert huggingface.call("check_health", model="of-nobody") is False
