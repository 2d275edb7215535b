"""The client `webuiapi` of AUTOMATIC1111's API, unmodified, signed in with a name and the API key as the password."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, wait_for_job
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

SMALL = {"prompt": "a red mug", "width": 64, "height": 64, "seed": 7}


@pytest.fixture
def a1111(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "a1111", "a1111_calls")


def test_images_and_their_texts_come_back(a1111: Sdk, customer: Customer) -> None:
    """What the client sends by itself is taken, and how each image was drawn stands in its PNG and in `info`."""
    call = SMALL | {"negative_prompt": "blue", "n_iter": 2, "cfg_scale": 3.0}
    answer = a1111.call("text_to_image", call=call)
    job = customer.read({"id": answer["info"]["job_id"]})
    assert answer["sizes"] == [[64, 64], [64, 64]]
    assert answer["info"]["all_seeds"] == [7, 8]
    assert answer["texts"] == answer["info"]["infotexts"]
    assert answer["texts"][1] == (
        "a red mug\nNegative prompt: blue\n"
        "Steps: 2, Sampler: Euler a, CFG scale: 3.0, Seed: 8, Size: 64x64, Model: picturebook"
    )
    assert (job["request"]["scheduler"], job["request"]["num_images"]) == ("euler_ancestral", 2)


def test_a_text_is_read_back(a1111: Sdk) -> None:
    """`png-info` finds in a PNG what was put into it."""
    assert "Seed: 7, Size: 64x64" in a1111.call("read_own_text", call=SMALL)


def test_images_begin_with_others(a1111: Sdk, customer: Customer) -> None:
    """`img2img` takes a picture and a mask: what is black in the mask stays as it was."""
    answer = a1111.call("image_to_image", call=SMALL | {"denoising_strength": 0.9, "mask_blur": 0}, masked=True)
    job = customer.read({"id": answer["info"]["job_id"]})
    assert (job["task"], job["request"]["strength"]) == ("inpainting", 0.9)
    assert answer["right"] == [200, 30, 30]
    answer = a1111.call("image_to_image", call=SMALL, masked=False)
    assert customer.read({"id": answer["info"]["job_id"]})["task"] == "image-to-image"


def test_lists_are_those_of_the_deployment(a1111: Sdk) -> None:
    """Clients choose from models, samplers and schedule types, and know the current model."""
    lists = a1111.call("read_lists")
    assert lists["model"] == "picturebook"
    assert "picturebook" in lists["models"]
    assert {"Euler a", "DPM++ 2M", "DDIM", "UniPC"} <= {*lists["samplers"]}


def test_what_is_not_done_is_refused(a1111: Sdk) -> None:
    """A field that would change the picture is never dropped, and its error names it as the client does."""
    for call, field in (
        ({"enable_hr": True}, "enable_hr"),
        ({"sampler_name": "PLMS"}, "sampler_name"),
        ({"override_settings": {"sd_model_checkpoint": "of-nobody"}}, "override_settings.sd_model_checkpoint"),
        ({"steps": 5000}, "steps"),
    ):
        error = a1111.call("text_to_image", call=SMALL | call)
        assert error["status"] == 422, error
        assert json.loads(error["text"])["detail"].startswith(f"{field}: "), error


def test_a_call_is_followed_and_interrupted(a1111: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """`progress` shows the job of a call that waits, and `interrupt` ends both."""
    call = a1111.start("text_to_image", call=SMALL)
    job = wait_for_job(customer)
    progress = a1111.call("read_progress")
    assert (progress["progress"], progress["state"]["job"]) == (0.0, job["id"])
    a1111.call("interrupt")
    error = a1111.finish(call)
    assert (error["status"], json.loads(error["text"])["error"]) == (409, "Interrupted")
    assert customer.read(job)["status"] == "cancelled"
    assert a1111.call("read_progress")["state"]["job"] == ""


def test_a_long_call_is_kept_alive(a1111: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """The client waits as long as the render takes: blanks come before the answer."""
    call = a1111.start("text_to_image", call=SMALL)
    job = wait_for_job(customer)
    time.sleep(12)
    paused()
    assert a1111.finish(call)["info"]["job_id"] == job["id"]


def test_any_job_is_read_by_its_id(customer: Customer, paused: Callable[[], None]) -> None:
    """Jobs of every other client are here, in every state."""

    def read(job: dict[str, str]) -> dict[str, object]:
        answer = customer.http.post("/a1111/internal/progress", json={"id_task": job["id"]})
        return dict(answer.raise_for_status().json())

    queued = customer.submit(width=64, height=64, steps=1)
    assert (read(queued)["queued"], read(queued)["completed"]) == (True, False)
    late = customer.submit(width=64, height=64, steps=1, start_deadline_seconds=1)
    cancelled = customer.submit(width=64, height=64, steps=1)
    customer.cancel(cancelled)
    assert (read(cancelled)["completed"], read(cancelled)["status"]) == (True, "cancelled")
    customer.wait_until_finished(late)
    assert (read(late)["status"], str(read(late)["textinfo"])[:31]) == ("failed", "failed: start_deadline_exceeded")
    paused()
    customer.wait_until_finished(queued)
    assert (read(queued)["completed"], read(queued)["progress"]) == (True, 1.0)
