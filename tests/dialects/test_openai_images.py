"""The client `openai`, unmodified: images from prompts and from images, its errors, and models."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.acceptance.customer import Customer
from tests.dialects.conftest import Service, build_sdk, list_jobs, wait_for_job
from tests.dialects.environments import Sdk

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"prompt": "a red mug", "size": "64x64", "extra_body": {"steps": 1, "seed": 7}}
EDIT: dict[str, Any] = SMALL | {"extra_body": {"steps": 3, "seed": 7}}


@pytest.fixture
def openai(service: Service, customer: Customer) -> Sdk:
    """The client, with the customer's key."""
    return build_sdk(service, customer, "openai", "openai_calls")


def draw_picture(colour: tuple[int, ...] = (200, 30, 30), *, mode: str = "RGB", kind: str = "PNG") -> str:
    """A picture of one colour, as base64."""
    file = io.BytesIO()
    Image.new(mode, (64, 64), colour).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def test_an_image_comes_back(openai: Sdk, customer: Customer) -> None:
    """The image is the job's output to the byte, and what is ours stands beside OpenAI's fields."""
    answer = openai.call("generate", call=SMALL | {"user": "someone"})
    job = customer.read({"id": answer["job_id"]})
    assert answer["data"][0]["sha256"] == job["outputs"][0]["sha256"]
    assert (answer["seed"], answer["data"][0]["seed"], answer["size"]) == (7, 7, "64x64")
    assert (answer["background"], answer["output_format"], answer["quality"]) == ("opaque", "png", "auto")
    assert answer["cost"] == pytest.approx(64 * 64 / 1e6)
    assert answer["usage"]["input_tokens"] == job["prompt_tokens"][0]["read"]
    assert job["metadata"] == {"user": "someone"}
    assert answer["request_id"].startswith("req_")


def test_every_field_of_openais_counts(openai: Sdk, customer: Customer) -> None:
    """`n`, `quality`, `output_format`, `output_compression` and models by OpenAI's names; what has no effect is a warning."""
    call = {
        "prompt": "a red mug",
        "model": "gpt-image-2",
        "size": "auto",
        "n": 2,
        "quality": "low",
        "background": "auto",
        "output_format": "webp",
        "output_compression": 40,
        "moderation": "low",
        "response_format": "b64_json",
    }
    answer = openai.call("generate", call=call)
    request = customer.read({"id": answer["job_id"]})["request"]
    assert [each["begins"] for each in answer["data"]] == [b"RIFF".hex()] * 2
    assert (request["num_images"], request["num_inference_steps"], request["output_quality"]) == (2, 6, 40)
    assert (answer["size"], answer["quality"], answer["model"]) == ("256x256", "low", "picturebook")
    assert answer["warnings"] == ["moderation: low has no effect here"]


@pytest.mark.parametrize("spelling", ["bytes", "stream", "path", "tuple", "list"])
def test_the_bytes_decide_what_a_picture_is(openai: Sdk, customer: Customer, spelling: str) -> None:
    """However the client sends a picture, and whatever it calls its type, its bytes decide."""
    picture = draw_picture(kind="JPEG" if spelling == "bytes" else "PNG")
    answer = openai.call("edit", pictures=[picture], call=EDIT, spelling=spelling)
    assert "job_id" in answer, answer
    job = customer.read({"id": answer["job_id"]})
    assert (job["task"], len(job["inputs"]), job["request"]["seed"]) == ("image-to-image", 1, 7)


def test_a_mask_paints_where_it_is_transparent(openai: Sdk, customer: Customer) -> None:
    """As OpenAI has masks: what is opaque in the mask stays as it was."""
    mask = draw_picture((0, 0, 0, 0), mode="RGBA")
    answer = openai.call("edit", pictures=[draw_picture()], call=EDIT, spelling="bytes", mask=mask)
    assert customer.read({"id": answer["job_id"]})["task"] == "inpainting"
    several = openai.call("edit", pictures=[draw_picture(), draw_picture()], call=EDIT, spelling="bytes")
    assert (several["status_code"], several["param"]) == (400, "image.1")
    streamed = openai.call("edit", pictures=[draw_picture()], call=EDIT, spelling="bytes", is_stream=True)
    assert streamed == ["image_edit.completed"]


def test_edits_as_json(customer: Customer, openai: Sdk) -> None:
    """The form with `images`: a data URI, or the id of a file, and exactly one of both."""

    def edit(*images: object) -> dict[str, Any]:
        body = {"prompt": "a mug", "images": images, "size": "64x64", "steps": 3}
        return dict(customer.http.post("/openai/v1/images/edits", json=body).json())

    uri = f"data:image/png;base64,{draw_picture()}"
    file = customer.http.post("/v1/files", files={"file": base64.b64decode(draw_picture())}).json()["id"]
    for reference in ({"image_url": uri}, {"file_id": file}, {"image_url": uri, "file_id": None}):
        assert customer.read({"id": edit(reference)["job_id"]})["task"] == "image-to-image"
    for wrong in ({"image_url": uri, "file_id": file}, {}, "x"):
        assert edit(wrong)["error"]["param"] == "images.0"
    assert edit()["error"]["param"] == "images"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"size": "4096x4096"}, ("BadRequestError", 400, "invalid_request", "size")),
        ({"model": "of-nobody"}, ("BadRequestError", 400, "invalid_request", "model")),
        ({"quality": "best"}, ("BadRequestError", 400, "invalid_request", "quality")),
        ({"background": "transparent"}, ("BadRequestError", 400, "invalid_request", "background")),
        ({"n": 99}, ("BadRequestError", 400, "invalid_request", "n")),
        ({"extra_body": {"of_nobody": 1}}, ("BadRequestError", 400, "invalid_request", "of_nobody")),
    ],
)
def test_bad_input_names_the_clients_field(openai: Sdk, customer: Customer, change: Any, error: Any) -> None:
    """It is an error of the client's own class at once: nothing is sent again, and nothing drawn."""
    raised = openai.call("generate", call=SMALL | change)
    assert (raised["error"], raised["status_code"], raised["code"], raised["param"]) == error
    assert raised["request_id"].startswith("req_")
    assert raised["repeats"] == "0"
    assert list_jobs(customer) == []


def test_errors_before_any_operation_are_openais_too(openai: Sdk, customer: Customer) -> None:
    """A wrong key, an address with nothing, a method that it does not take, and a body that is too long."""
    shown = openai.call("generate", call=SMALL, options={"api_key": "dk_of_nobody"})
    assert (shown["error"], shown["code"]) == ("AuthenticationError", "invalid_api_key")
    assert openai.call("ask", path="/of-nobody")["error"] == "NotFoundError"
    assert openai.call("ask", path="/models/of-nobody")["error"] == "NotFoundError"
    assert openai.call("ask", path="/models", method="POST")["status_code"] == 405
    assert openai.call("generate", call=SMALL, longest=2_000_000)["status_code"] == 413
    for path in ("/openai/v1/of-nobody", "/openai"):
        answer = customer.http.get(path)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Should-Retry"] == "false"
        assert answer.json()["error"]["code"] == "not_found"


def test_a_failure_is_raised_with_its_code(openai: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """A job that fails while its call waits, and before the answer has begun, is an error of the server's; it is drawn once."""
    call = SMALL | {"extra_body": {"steps": 1, "start_deadline_seconds": 1}}
    raised = openai.call("generate", call=call)
    assert (raised["error"], raised["status_code"], raised["code"]) == (
        "InternalServerError",
        500,
        "start_deadline_exceeded",
    )
    assert raised["repeats"] == "0"
    job = wait_for_job(customer)
    assert openai.call("ask", path=f"/images/generations/{job['id']}")["status"] == "expired"


def test_a_stream_that_fails_raises(openai: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """The error is in the stream, where the client looks for it: it is raised, and not an end without a picture."""
    call = openai.start("stream", call=SMALL)
    job = wait_for_job(customer)
    customer.cancel(job)
    [raised] = openai.finish(call)
    assert (raised["error"], raised["code"]) == ("APIError", "cancelled")


def test_models_are_those_of_the_deployment(openai: Sdk) -> None:
    """The list, and one of it."""
    models = openai.call("list_models")
    assert "picturebook" in models["ids"]
    assert (
        models["one"].items() >= {"id": "picturebook", "object": "model", "created": 0, "owned_by": "darkroom"}.items()
    )


def test_any_job_is_read_and_cancelled_by_its_id(openai: Sdk, customer: Customer, paused: Callable[[], None]) -> None:
    """Jobs of every other client are here, in every state."""
    job = customer.submit(width=64, height=64, steps=1)
    path = f"/images/generations/{job['id']}"
    shown = openai.call("ask", path=path)
    assert (shown["id"], shown["status"], shown["progress"], shown["data"]) == (job["id"], "queued", 0, [])
    assert openai.call("ask", path=f"{path}/cancel", method="POST")["status"] == "cancelled"
    other = customer.submit(width=64, height=64, steps=1)
    paused()
    customer.wait_until_finished(other)
    shown = openai.call("ask", path=f"/images/generations/{other['id']}")
    assert (shown["status"], shown["progress"], shown["error"]) == ("completed", 100, None)
    assert customer.http.get(shown["data"][0]["url"]).status_code == 200


def test_files_are_kept_and_named(openai: Sdk, customer: Customer) -> None:
    """A picture is sent once and named by its id, listed, read, and deleted."""
    call = {"prompt": "a mug", "size": "64x64", "steps": 3}
    shown = openai.call("use_files", picture=draw_picture(), call=call)
    id_ = shown["sent"]["id"]
    assert (shown["sent"]["filename"], shown["sent"]["purpose"], shown["sent"]["object"]) == (
        "mug.png",
        "vision",
        "file",
    )
    assert (shown["listed"], shown["read"], shown["begins"], shown["deleted"]) == ([id_], id_, b"\x89PNG".hex(), True)
    assert customer.read({"id": shown["job_id"]})["inputs"][0]["id"] == id_
    assert (shown["after"]["error"], shown["after"]["code"]) == ("NotFoundError", "file_deleted")
