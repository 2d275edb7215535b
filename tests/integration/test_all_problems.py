"""Everything that is wrong with a request is in one answer, in one shape, whichever layer finds it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from core.accounts.tables import Account
from core.database import transaction
from tests.integration.conftest import Post


def _errors(answer: Any) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 422, answer.text
    return {error["field"]: error for error in answer.get_json(force=True)["errors"]}


def test_every_layer_is_in_one_answer(post: Post) -> None:
    """A wrong type, an unknown name, a limit of the model, another system's name and a missing prompt: told at once."""
    errors = _errors(
        post(
            {
                "seed": "seven",
                "colour": "red",
                "width": 1024,
                "num_inference_steps": 400,
                "sampler_name": "Euler a",
                "scheduler": "karras",
            }
        )
    )

    assert {name: error["code"] for name, error in errors.items()} == {
        "seed": "wrong_type",
        "prompt": "required",
        "colour": "unknown",
        "sampler_name": "other_name",
        "width": "out_of_range",
        "num_inference_steps": "out_of_range",
        "scheduler": "not_allowed",
    }
    assert errors["width"]["allowed"] == {"type": "integer", "minimum": 8, "maximum": 256, "multipleOf": 8}
    assert errors["scheduler"]["allowed"]["enum"] == ["ddim", "dpmpp_2m", "euler", "euler_ancestral", "unipc"]
    assert "allowed" not in errors["prompt"]


def test_a_picture_and_a_number_are_told_together(post: Post) -> None:
    """Neither hides the other: not a picture that is none, and not a field of the wrong type."""
    broken = {"prompt": "a mug", "image": "data:image/png;base64,AAAA", "strength": "half", "steps": 400}

    assert set(_errors(post(broken))) == {"image", "strength", "num_inference_steps"}
    assert set(_errors(post(broken | {"strength": 0.5}))) == {"image", "num_inference_steps"}


def test_an_absent_picture_and_a_limit_are_told_together(post: Post) -> None:
    """What the database says of an artifact, and what the model says of the rest."""
    answer = post({"prompt": "a mug", "image": "art_" + "0" * 32, "steps": 400, "n": True})

    assert {"image", "num_inference_steps", "n"} == set(_errors(answer))


def test_the_accounts_policy_is_told_as_well(post: Post, account_id: Any) -> None:
    """A retention that is too long, beside a limit of the model."""
    with transaction() as session:
        session.execute(update(Account).values(artifact_retention_seconds=60))
    errors = _errors(post({"prompt": "a mug", "retention_seconds": 61, "steps": 400}))

    assert set(errors) == {"retention_seconds", "num_inference_steps"}
    assert errors["retention_seconds"]["allowed"] == {"maximum": 60}


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("sampler_name", "scheduler"),
        ("sampler", "scheduler"),
        ("cfg", "guidance_scale"),
        ("guidance", "guidance_scale"),
        ("batch_size", "num_images"),
        ("n_iter", "num_images"),
        ("denoising_strength", "strength"),
        ("negativePrompt", "negative_prompt"),
        ("CFGScale", "guidance_scale"),
        ("numberResults", "num_images"),
        ("init_images", "image"),
        ("seedImage", "image"),
        ("model_id", "model"),
    ],
)
def test_names_of_other_systems_are_explained(post: Post, name: str, ours: str) -> None:
    """The answer says what the field is called here."""
    error = _errors(post({"prompt": "a mug", name: 1}))[name]

    assert (error["code"], error["message"]) == ("other_name", f"here it is called `{ours}`")


def test_what_is_no_field_here_is_explained(post: Post) -> None:
    """A switch of the safety checker, or of waiting, is answered with how it is here."""
    errors = _errors(post({"prompt": "a mug", "enable_safety_checker": False, "sync_mode": True}))

    assert "safety checker" in errors["enable_safety_checker"]["message"]
    assert "Prefer: wait" in errors["sync_mode"]["message"]


def test_an_unknown_model_names_those_that_are_there(post: Post) -> None:
    """Which parameters there are depends on it, so nothing else is said."""
    errors = _errors(post({"prompt": "a mug", "model": "sd-9", "colour": 1}))

    assert errors["model"]["allowed"] == {"enum": ["picturebook"]}
    assert set(errors) == {"model"}


def test_at_most_twenty_are_told(post: Post) -> None:
    """The answer is never much longer than the request, and says that there are more."""
    problem = post({"prompt": "a mug"} | {f"x{number}": 1 for number in range(50)}).get_json(force=True)

    assert len(problem["errors"]) == 20
    assert problem["detail"].endswith("; and more")


@pytest.mark.parametrize(("body", "status"), [("{", 400), ('{"prompt": "a", "prompt": "b"}', 400)])
def test_a_body_that_cannot_be_read_has_the_same_shape(post: Post, body: str, status: int) -> None:
    """Broken JSON is an error of the body."""
    answer = post(body)

    assert answer.status_code == status
    [error] = answer.get_json(force=True)["errors"]
    assert (error["field"], error["code"]) == ("body", "not_readable")
