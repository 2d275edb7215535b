"""Editing, varying without a prompt, enlarging, and drawing from nothing: by the real API and a real worker with tiny models."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from bench.models_file import write_section
from bench.tiny_families.every import EVERY_FAMILY
from infra.local import LocalStack
from tests.acceptance.customer import Customer, open_account
from tests.unit.pictures import png_uri
from tests.warm.start_warm import start_warm

#: FLUX.2 takes no side below 64 pixels.
RED, BLUE = png_uri(128, 64, colour="red"), png_uri(64, 64, colour="blue")

#: By the family of each.
MODELS = {"flux2-klein": "klein", "image-variation": "variation", "upscale": "upscale", "ddpm": "noise"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A service that serves the tiny models alone."""
    folder = tmp_path_factory.mktemp("models")
    sections = []
    tasks = {"flux2-klein": ["text-to-image", "edit"], "image-variation": ["variation"], "upscale": ["upscale"]}
    tasks["ddpm"] = ["unconditional"]
    for family, own in tasks.items():
        model = MODELS[family]
        with warnings.catch_warnings():
            # The upscaler takes the scaling of a tiny autoencoder for a mistake.
            warnings.simplefilter("ignore", FutureWarning)
            EVERY_FAMILY[family].build(folder / model)
        sections.append(write_section(model, model, tasks=own, default_steps=2, max_width=256, max_height=256))
    (folder / "models.toml").write_text("".join(sections))
    environment = {"MODELS_FILE": str(folder / "models.toml"), "DEFAULT_MODEL": "klein"}
    with LocalStack(environment=environment, start_process=start_warm) as stack:
        yield stack


@pytest.fixture(scope="module")
def customer(stack: LocalStack) -> Iterator[Customer]:
    with open_account(stack, "editor") as customer:
        yield customer


def result(customer: Customer, **fields: Any) -> Any:
    job = customer.wait_until_finished(customer.submit("a mug", seed=5, **fields), seconds=120)
    assert (job["status"], job["task"], job["warnings"]) == ("succeeded", "edit", []), job
    [output] = job["outputs"]
    assert (output["width"], output["height"]) == (job["request"]["width"], job["request"]["height"])
    return np.asarray(Image.open(io.BytesIO(customer.download(output))).convert("RGB"), dtype=np.int16)


def test_every_picture_of_a_list_counts(customer: Customer) -> None:
    """The result follows the first one's size; the second one changes it, and so does their order."""
    first = result(customer, image=RED)
    both = result(customer, image=[RED, BLUE])
    same_size = {"width": 64, "height": 64}
    one_way, other_way = (result(customer, image=each, **same_size) for each in ([RED, BLUE], [BLUE, RED]))

    assert first.shape == both.shape == (64, 128, 3)
    assert np.abs(first - both).max() > 0
    assert np.abs(one_way - other_way).max() > 0


def test_inputs_of_a_list_are_shown_by_their_places(customer: Customer) -> None:
    """The ids in the request are those of the inputs, and may be sent again."""
    job = customer.submit("a mug", image=[RED, BLUE], task="edit", seed=5)
    again = customer.submit("a mug", image=job["request"]["image"], task="edit", seed=5)

    assert [shown["field"] for shown in job["inputs"]] == ["image.0", "image.1"]
    assert job["request"]["image"] == [shown["id"] for shown in job["inputs"]] == again["request"]["image"]
    job, again = customer.wait_until_all_finished([job, again], seconds=120)
    assert [each["status"] for each in (job, again)] == ["succeeded", "succeeded"]


def test_a_bad_list_is_refused_by_its_place(customer: Customer) -> None:
    """One that is no picture, one that is no text, and one too many."""

    def refuse(image: Any) -> list[str]:
        response = customer.http.post("/v1/jobs", json={"prompt": "a mug", "image": image})
        assert response.status_code == httpx2.codes.UNPROCESSABLE_CONTENT, response.text
        return [error["field"] for error in response.json()["errors"]]

    assert refuse([RED, "ftp://example.com/a.png"]) == ["image.1"]
    assert refuse([RED, 7, ""]) == ["image.1", "image.2"]
    assert refuse([RED] * 5) == ["image.4"]
    assert refuse([RED] * 17) == ["image"]
    assert refuse([]) == ["image"]


def test_the_model_page_says_how_many_it_takes(customer: Customer) -> None:
    """In the schema of the task, beside what the engine does with it."""
    model = customer.http.get("/v1/models/klein").json()

    image = model["parameters"]["edit"]["properties"]["image"]
    assert image["anyOf"][1]["maxItems"] == 4
    assert "image" not in model["parameters"]["text-to-image"]["properties"]
    assert model["abilities"]["edit"]["pipeline"] == "Flux2KleinPipeline"


def test_a_variation_has_no_prompt(customer: Customer) -> None:
    """It is drawn from the picture alone; a prompt is refused by its name, and the schema has none."""
    request = {"model": "variation", "image": RED, "seed": 5, "width": 64, "height": 64}

    response = customer.http.post("/v1/jobs", json=request)
    assert response.status_code == httpx2.codes.ACCEPTED, response.text
    job = customer.wait_until_finished(response.json(), seconds=120)

    assert (job["status"], job["task"], job["warnings"], job["prompt_tokens"]) == ("succeeded", "variation", [], [])
    assert "prompt" not in job["request"]
    assert customer.http.get("/v1/jobs").json()["data"][0]["request"] == job["request"]
    refused = customer.http.post("/v1/jobs", json=request | {"prompt": "a mug"}).json()["errors"]
    assert refused == [
        {
            "field": "prompt",
            "code": "not_for_model",
            "message": "variation has no such parameter for variation",
        }
    ]
    schema = customer.http.get("/v1/models/variation").json()["parameters"]["variation"]
    assert "prompt" not in schema["properties"]
    assert schema["required"] == ["image"]


def test_an_enlarged_picture_is_four_times_as_large(customer: Customer) -> None:
    """Rounded down to what the pipeline takes; another size is refused."""
    job = customer.submit(model="upscale", image=png_uri(54, 49), seed=5)
    assert (job["task"], job["request"]["width"], job["request"]["height"]) == ("upscale", 208, 192)
    job = customer.wait_until_finished(job, seconds=120)

    assert (job["status"], job["warnings"]) == ("succeeded", ["image is made 52 x 48 before it is enlarged"]), job
    [output] = job["outputs"]
    assert Image.open(io.BytesIO(customer.download(output))).size == (output["width"], output["height"]) == (208, 192)
    for changes, field in (({"width": 64}, "width"), ({"image": png_uri(68, 32)}, "image"), ({"prompt": ""}, "prompt")):
        body = {"model": "upscale", "prompt": "a mug", "image": png_uri(32, 32), **changes}
        answer = customer.http.post("/v1/jobs", json=body)
        assert answer.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_picture_is_drawn_with_nothing_to_go_by(customer: Customer) -> None:
    """Neither prompt nor picture, and the size is the model's; another one, and a prompt, are refused."""
    response = customer.http.post("/v1/jobs", json={"model": "noise", "seed": 5, "num_images": 2})
    assert response.status_code == httpx2.codes.ACCEPTED, response.text
    job = response.json()
    assert (job["task"], job["request"]["width"], job["request"]["height"]) == ("unconditional", 64, 64)
    assert "prompt" not in job["request"]
    job = customer.wait_until_finished(job, seconds=120)

    assert (job["status"], job["warnings"], job["prompt_tokens"]) == ("succeeded", [], []), job
    pictures = [customer.download(output) for output in job["outputs"]]
    assert [Image.open(io.BytesIO(picture)).size for picture in pictures] == [(64, 64)] * 2
    assert len(set(pictures)) == 2
    for changes, field in (({"width": 128}, "width"), ({"prompt": "a mug"}, "prompt"), ({"image": RED}, "image")):
        answer = customer.http.post("/v1/jobs", json={"model": "noise", **changes})
        assert answer.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
        assert [error["field"] for error in answer.json()["errors"]] == [field]
