"""A picture is continued beyond its edges, by the real API and a real worker."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import numpy as np
from PIL import Image

from tests.acceptance.customer import Customer
from tests.unit.pictures import data_uri

PROMPT = "a large red mug on a yellow background"


def draw(customer: Customer) -> bytes:
    """A picture of Picturebook's."""
    job = customer.wait_until_finished(customer.submit(PROMPT, seed=3))
    return customer.download(job["outputs"][0])


def to_pixels(body: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), dtype=np.int16)


def test_a_picture_is_continued_and_stays_what_it_is(customer: Customer) -> None:
    """Its own pixels are in both images exactly; what is new is drawn, and is another in each."""
    picture = draw(customer)

    job = customer.submit(
        PROMPT, image=data_uri(picture), expand={"left": 32, "bottom": 24}, strength=1.0, seed=5, num_images=2
    )
    assert (job["task"], job["request"]["width"], job["request"]["height"]) == ("outpaint", 288, 280)
    assert job["request"]["expand"] == {"left": 32, "top": 0, "right": 0, "bottom": 24}
    again = customer.submit(PROMPT, **{name: value for name, value in job["request"].items() if name != "prompt"})
    job, again = customer.wait_until_all_finished([job, again])

    assert (job["status"], job["warnings"], again["status"]) == ("succeeded", [], "succeeded"), job
    assert [shown["field"] for shown in job["inputs"]] == ["image"]
    before, images = to_pixels(picture), [to_pixels(customer.download(output)) for output in job["outputs"]]
    new = np.ones((280, 288), dtype=bool)
    new[:256, 32:] = False
    for image in images:
        assert np.abs(image[:256, 32:] - before).max() == 0
        assert image[new].std() > 1
    assert np.abs(images[0] - images[1])[new].max() > 5


def test_what_cannot_be_drawn_says_what_can(customer: Customer) -> None:
    """422 with the edge and the nearest numbers, or with the side that is not to be named."""
    image = data_uri(draw(customer))

    def refuse(**fields: Any) -> dict[str, str]:
        response = customer.http.post("/v1/jobs", json={"prompt": PROMPT, "image": image, **fields})
        assert response.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
        return {error["field"]: error["message"] for error in response.json()["errors"]}

    multiple = "and this model draws multiples of 8 up to 512"
    assert refuse(expand={"right": 20}) == {
        "expand.right": f"makes the width 276, {multiple}; the nearest that work are 16 or 24"
    }
    assert refuse(expand={"top": 1000}) == {
        "expand.top": f"makes the height 1256, {multiple}; the nearest that works is 256"
    }
    assert refuse(expand={"right": 16}, width=256) == {
        "width": "is 272: it follows from `image` and `expand`, so leave it out"
    }
    assert list(refuse(expand={"right": 0})) == ["expand"]
    assert list(refuse(expand={"right": -8, "top": "8"})) == ["expand.top", "expand.right"]
    assert list(refuse(task="outpaint")) == ["expand"]
    assert refuse(task="upscale") == {
        "task": "picturebook has no upscale; it has text-to-image, image-to-image, inpainting, outpaint"
    }
    assert list(refuse(task="paint")) == ["task"]
