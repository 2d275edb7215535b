"""Styles in what is made of requests: jobs that are made from others, and sweeps."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.again import Again
from tests.integration.attempts import claim_one, count_jobs
from tests.integration.conftest import Post
from tests.integration.kept import finish_one
from tests.integration.sweeps import Sweeps

CHALK: dict[str, Any] = {
    "name": "chalk",
    "title": "Chalk",
    "prompt": "a chalk drawing of {prompt}",
    "negative_prompt": "photo",
    "example": "a heron",
}


@pytest.fixture
def sweeps(client: FlaskClient, api_key: str) -> Sweeps:
    """The account, which has a style of its own."""
    sweeps = Sweeps(client, api_key)
    assert sweeps.ask("POST", "/styles", CHALK).status_code == 201
    return sweeps


@pytest.fixture
def again(client: FlaskClient, api_key: str) -> Again:
    """The operations on jobs of the account."""
    return Again(client, api_key)


@pytest.mark.parametrize("change", ["changed", "deleted"])
@pytest.mark.parametrize("made", [("replay", None), ("vary", {"num_inference_steps": 6})], ids=["replay", "vary"])
def test_prompts_stay_in_the_frame_that_they_were_rendered_in(
    post: Post, again: Again, sweeps: Sweeps, made: tuple[str, Any], change: str
) -> None:
    """Whatever has become of the style since."""
    job = post({"prompt": "a mug", "style": "chalk"}).get_json()
    finish_one()
    if change == "changed":
        assert sweeps.ask("PATCH", "/styles/chalk", {"prompt": "{prompt} in oil"}).status_code == 200
    else:
        assert sweeps.ask("DELETE", "/styles/chalk").status_code == 204

    other = again.send(job["id"], *made).get_json()

    assert other["style"] == {
        "name": "chalk",
        "rendered_prompt": "a chalk drawing of a mug",
        "rendered_negative_prompt": "photo",
    }
    assert (other["request"]["prompt"], other["request"]["style"]) == ("a mug", "chalk")
    attempt = claim_one()
    assert (attempt.request["prompt"], attempt.style) == ("a chalk drawing of a mug", "chalk")


def test_a_retry_keeps_the_frame(post: Post, again: Again, sweeps: Sweeps) -> None:
    """It is the same request once more."""
    job = post({"prompt": "a mug", "style": "chalk"}).get_json()
    assert again.send(job["id"], "cancel").status_code == 200
    assert sweeps.ask("DELETE", "/styles/chalk").status_code == 204

    retry = again.send(job["id"], "retry").get_json()

    assert retry["style"]["rendered_prompt"] == "a chalk drawing of a mug"


def test_another_prompt_gets_the_frame_of_today(post: Post, again: Again, sweeps: Sweeps) -> None:
    """And a style that is gone cannot be applied to it."""
    job = post({"prompt": "a mug", "style": "chalk"}).get_json()
    sweeps.ask("PATCH", "/styles/chalk", {"prompt": "{prompt} in oil"})

    assert again.send(job["id"], "vary", {"prompt": "a cup"}).get_json()["style"]["rendered_prompt"] == "a cup in oil"
    assert again.send(job["id"], "vary", {"style": None}).get_json()["style"] is None
    sweeps.ask("DELETE", "/styles/chalk")
    refused = again.send(job["id"], "vary", {"prompt": "a cup"})
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "style")


def test_styles_are_an_axis(sweeps: Sweeps) -> None:
    """Those of the deployment and the account's own; each cell is rendered in its frame, and shows the prompt that was sent."""
    sweep = sweeps.send({"prompts": ["a mug", "a cup"], "styles": ["packshot-on-white", "chalk"], "seeds": [1]})

    jobs = sweeps.list_jobs(sweep)
    assert [(job["style"]["name"], job["style"]["rendered_prompt"]) for job in jobs] == [
        ("packshot-on-white", "a mug on a white background"),
        ("chalk", "a chalk drawing of a mug"),
        ("packshot-on-white", "a cup on a white background"),
        ("chalk", "a chalk drawing of a cup"),
    ]
    assert [job["request"]["prompt"] for job in jobs] == ["a mug", "a mug", "a cup", "a cup"]
    attempt = claim_one()
    assert attempt.request["prompt"] == "a mug on a white background"


def test_a_style_that_does_not_fit_names_its_place(sweeps: Sweeps) -> None:
    """Beside everything else that is wrong; nothing is queued."""
    body = {
        "prompts": ["a mug"],
        "styles": ["chalk", "no such style", "poster"],
        "parameters": {"guidance_scale": [2.0, 4_000]},
    }

    refused = sweeps.ask("POST", "/sweeps", body)

    errors = {error["field"]: error for error in refused.get_json()["errors"]}
    assert set(errors) == {"styles[1]", "styles[2]", "parameters.guidance_scale[1]"}
    assert errors["styles[1]"]["code"] == "not_found"
    assert errors["styles[2]"]["code"] == "not_for_model"
    assert "chalk" in errors["styles[2]"]["allowed"]["enum"]
    assert count_jobs() == 0
