"""The size of a job in one word, and how closely its file keeps what was drawn."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from core.errors import InvalidRequest
from core.jobs.request.asked_size import fit_ratio
from tests.integration.conftest import Post


@pytest.mark.parametrize(
    ("ratio", "size"), [("1:1", (1024, 1024)), ("16:9", (1368, 768)), ("9:16", (768, 1368)), ("4:3", (1184, 888))]
)
def test_a_ratio_keeps_the_area(ratio: str, size: tuple[int, int]) -> None:
    """The nearest size in proportion, with about the model's usual number of pixels."""
    assert fit_ratio(ratio, area=1024 * 1024, largest=(2048, 2048), multiple=8) == size


@pytest.mark.parametrize("ratio", ["1:1", "2:3", "3:2", "16:9", "9:16", "21:9", "4:5", "2:1", "1:3"])
@pytest.mark.parametrize("multiple", [8, 16, 32])
def test_every_usual_ratio_is_near(ratio: str, multiple: int) -> None:
    """Within a twentieth of the proportions and a tenth of the area."""
    width, height = fit_ratio(ratio, area=1024 * 1024, largest=(2048, 2048), multiple=multiple)
    wide, high = map(int, ratio.split(":"))

    assert width % multiple == height % multiple == 0
    assert width / height == pytest.approx(wide / high, rel=0.05)
    assert width * height == pytest.approx(1024 * 1024, rel=0.1)


def test_a_ratio_that_the_model_cannot_draw_is_refused() -> None:
    """100:1 is more than a side of 256 and one of 8 make."""
    with pytest.raises(InvalidRequest, match="aspect_ratio: this model draws nothing like it"):
        fit_ratio("100:1", area=128 * 128, largest=(256, 256), multiple=8)


def test_the_job_shows_the_sides(post: Post) -> None:
    """What was asked for in one word is stored as width and height."""
    by_size = post({"prompt": "a mug", "size": "192x128"}).get_json()["request"]
    by_ratio = post({"prompt": "a mug", "aspect_ratio": "3:2"}).get_json()["request"]

    assert (by_size["width"], by_size["height"]) == (192, 128)
    assert by_ratio["width"] / by_ratio["height"] == pytest.approx(1.5, rel=0.05)
    assert not {"size", "aspect_ratio"} & (by_size.keys() | by_ratio.keys())


@pytest.mark.parametrize(
    ("words", "field", "message"),
    [
        ({"size": "192x128", "width": 128}, "size", "does not go with `width`: say the size in one way"),
        (
            {"aspect_ratio": "1:1", "size": "128x128"},
            "aspect_ratio",
            "does not go with `size`: say the size in one way",
        ),
        (
            {"aspect_ratio": "1:1", "width": 128, "height": 128},
            "aspect_ratio",
            "does not go with `width` and `height`: say the size in one way",
        ),
        ({"size": "1024x128"}, "size", "the width: this model allows at most 512"),
        ({"size": "128x100"}, "size", "the height: this model needs a multiple of 8"),
        ({"output_quality": 50}, "output_quality", "needs `output_format` jpeg or webp: a PNG loses nothing"),
    ],
)
def test_what_does_not_fit_is_named(post: Post, words: dict[str, Any], field: str, message: str) -> None:
    """By the word that was sent, with the other one if there are two."""
    answer = post({"prompt": "a mug", **words})

    assert answer.status_code == 422
    [error] = answer.get_json(force=True)["errors"]
    assert (error["field"], error["message"]) == (field, message)
    if "the width" in message:
        assert error["allowed"] == {"type": "integer", "minimum": 8, "maximum": 512, "multipleOf": 8}


def test_the_quality_is_part_of_the_job(post: Post) -> None:
    """It reaches the worker as the job shows it."""
    job = post({"prompt": "a mug", "output_format": "webp", "output_quality": 40}).get_json()

    assert (job["request"]["output_format"], job["request"]["output_quality"]) == ("webp", 40)


def test_a_size_that_follows_is_not_offered(client: FlaskClient, api_key: str) -> None:
    """A task whose size no request chooses has neither word in its schema."""
    schemas = client.get("/v1/models/picturebook", headers={"Authorization": f"Bearer {api_key}"}).get_json()[
        "parameters"
    ]

    assert {"size", "aspect_ratio"} <= schemas["text-to-image"]["properties"].keys()
    assert not {"size", "aspect_ratio"} & schemas["outpaint"]["properties"].keys()
