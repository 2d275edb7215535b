"""Styles, through the real worker: what is drawn is the prompt in its frame."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import text

from core.database import build_engine
from core.ids import parse_id
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.vocabulary import OWN_COLOURS, OWN_GROUNDS
from demo_model.evaluation.checker import judge
from infra.local import LocalStack
from tests.acceptance.customer import Customer

_CHOICES: dict[str, Any] = {"seed": 3, "deterministic": True}

#: Names of built-in styles for which Picturebook's world has another word.
_CALLED = {"packshot-on-white": "flat", "icon": "flat"}


def _draw(customer: Customer, prompt: str, **parameters: Any) -> dict[str, Any]:
    job = customer.wait_until_finished(customer.submit(prompt, **_CHOICES, **parameters))
    assert job["status"] == "succeeded", job
    return job


def _corners(picture: bytes) -> Any:
    """The four corner pixels, from 0 to 255."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    return pixels[[2, 2, -3, -3], [2, -3, 2, -3]]


def test_a_packshot_is_drawn_on_white(customer: Customer, stack: LocalStack) -> None:
    """Bit for bit what its framed prompts draw by themselves, and not what the prompt alone draws; the receipt says both."""
    job = _draw(customer, "a large yellow mug", style="packshot-on-white")
    style = job["style"]
    same = _draw(
        customer, style["rendered_prompt"], negative_prompt=style["rendered_negative_prompt"], width=256, height=256
    )
    plain = _draw(customer, "a large yellow mug", width=256, height=256)

    assert job["request"]["prompt"] == "a large yellow mug"
    assert style["rendered_prompt"] == "a large yellow mug on a white background"
    assert job["outputs"][0]["sha256"] == same["outputs"][0]["sha256"]
    assert job["outputs"][0]["sha256"] != plain["outputs"][0]["sha256"]
    assert _corners(customer.download(job["outputs"][0])).min() > 200

    engine = build_engine(stack.environment["DATABASE_URL"], pool_size=1)
    with engine.connect() as connection:
        query = text("select receipt from jobs where id = :id")
        receipt = connection.execute(query, {"id": parse_id("job", job["id"])}).scalar_one()
    engine.dispose()
    assert receipt["style"] == "packshot-on-white"
    assert receipt["request"]["prompt"] == style["rendered_prompt"]
    assert [reading["field"] for reading in receipt["prompts"]] == ["prompt", "negative_prompt"]


def test_picturebooks_styles_keep_what_was_asked_for(customer: Customer) -> None:
    """In each style that is for it, a red star is a star in that style, red on white unless the style has colours of its own."""
    listed = customer.http.get("/v1/styles", params={"model": "picturebook"}).json()["data"]
    names = [style["name"] for style in listed if style["is_built_in"]]
    assert len(names) > 1

    for name in names:
        style = _CALLED.get(name, name.replace("-", " "))
        star = Thing("star", OWN_COLOURS.get(style, "red"), "large", "centre")
        scene = Scene((star,), OWN_GROUNDS.get(style, "white"), style)
        job = _draw(customer, "a large red star", style=name)
        verdict = judge(Image.open(io.BytesIO(customer.download(job["outputs"][0]))), scene)
        assert [(thing.object, thing.colour) for thing in verdict.things] == [(True, True)], (name, verdict)
        assert (verdict.background, verdict.style) == (True, True), (name, verdict)


def test_an_own_style_draws_what_it_says(customer: Customer) -> None:
    """With its size and steps; the next customer does not see it."""
    recipe = {
        "name": "on-blue",
        "title": "On blue",
        "prompt": "{prompt} on a blue background",
        "parameters": {"num_inference_steps": 6, "size": "64x96"},
        "example": "a red star",
    }
    made = customer.http.post("/v1/styles", json=recipe)
    assert made.status_code == 201, made.text

    job = _draw(customer, "a red star", style="on-blue")

    assert (job["outputs"][0]["width"], job["outputs"][0]["height"], job["progress"]["steps"]) == (64, 96, 6)
    assert (_corners(customer.download(job["outputs"][0])).argmax(axis=1) == 2).all()  # blue
