"""What POST /v1/jobs accepts and refuses; nothing invalid reaches the queue."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.attempts import count_jobs
from tests.integration.conftest import Post


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", None),
        ("prompt", ""),
        ("prompt", "  \n"),
        ("prompt", "\u200b\ufeff"),
        ("prompt", "\u2800 \u3164"),
        ("prompt", "a mug \u202egum"),
        ("prompt", "\u2066a mug\u2069"),
        ("prompt", "\U0001d160" * 4_000),
        ("prompt", 7),
        ("prompt", ["a mug"]),
        ("prompt", "x" * 4_001),
        ("prompt", "null \x00 byte"),
        ("prompt", "escape \x1b[31m"),
        ("prompt", "half a pair \ud800"),
        ("width", 0),
        ("width", -8),
        ("width", 100),
        ("width", 8.5),
        ("width", "128"),
        ("width", True),
        ("width", 520),
        ("width", 10**9),
        ("height", 132),
        ("num_inference_steps", 0),
        ("num_inference_steps", 101),
        ("num_inference_steps", 1e6),
        ("guidance_scale", -1),
        ("guidance_scale", float("nan")),
        ("guidance_scale", float("inf")),
        ("guidance_scale", "4"),
        ("seed", -1),
        ("seed", 2**64),
        ("seed", 1.5),
        ("num_images", 0),
        ("num_images", 9),
        ("scheduler", "magic"),
        ("scheduler", 1),
        ("model", "stable-diffusion-9"),
        ("model", "../../etc/passwd"),
        ("output_format", "gif"),
        ("output_format", "PNG"),
        ("priority", "urgent"),
        ("priority", 0),
        ("priority", None),
        ("deadline_seconds", 0),
        ("deadline_seconds", 30 * 24 * 3600 + 1),
        ("deadline_seconds", "60"),
        ("start_deadline_seconds", -1),
        ("start_deadline_seconds", 1.5),
        ("start_deadline_seconds", 30 * 24 * 3600 + 1),
        ("retention_seconds", 0),
        ("retention_seconds", "60"),
        ("retention_seconds", 30 * 24 * 3600 + 1),
        ("metadata", {"key": 1}),
        ("metadata", {"": "empty key"}),
        ("metadata", {f"k{i}": "" for i in range(33)}),
        ("metadata", "text"),
        ("metadata", {"\u00e9t\u00e9": "1", "e\u0301te\u0301": "2"}),
        ("metadata", {"key": "\u202e"}),
        ("metadata", {"\u2067key": ""}),
        ("metadata", {"key": "\u0958" * 512}),
        ("colour", "red"),
        ("colour", None),
        ("true_cfg_scale", 4.0),
        ("prompt_2", "a mug"),
        ("strength", 0.5),
        ("guidance_rescale", 2),
        ("guidance_rescale", [0.5]),
        ("guidance_rescale", float("nan")),
        ("generator", 7),
        ("loras", [{"id": "unknown"}]),
        ("loras", [{"id": "x", "scale": 5}]),
        ("loras", [{"id": "x", "weight": 1}]),
        ("loras", "x"),
    ],
)
def test_a_bad_field_is_named(post: Post, field: str, value: Any) -> None:
    """A value of the wrong type, size or kind is 422 with the field's name, and no job exists."""
    response = post({"prompt": "a mug", field: value})

    assert response.status_code == 422, response.text
    assert response.mimetype == "application/problem+json"
    problem = response.get_json(force=True)
    assert problem["code"] == "invalid_request"
    assert [error["field"].split(".")[0] for error in problem["errors"]] == [field]
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert count_jobs() == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"", 400, "invalid_json"),
        (b'{"prompt": "a", "prompt": "b"}', 400, "invalid_json"),
        (b'{"prompt": "\xff"}', 400, "invalid_json"),
        (b"[" * 4_000, 400, "invalid_json"),
        (b"[" * 100_000, 413, "body_too_large"),
        (b'{"prompt": "a", "x": [' + b"0," * 5_000 + b"0]}", 413, "body_too_large"),
        (b'{"prompt": "a", "seed": ' + b"9" * 5_000 + b"}", 400, "invalid_json"),
        (b'["a mug"]', 422, "invalid_request"),
        (b'"{\\"prompt\\": \\"a mug\\"}"', 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'{"prompt": "a", "guidance_scale": 1e400}', 422, "invalid_request"),
        (b'{"prompt": "' + b"a mug! " * 2**18 + b'"}', 413, "body_too_large"),
        (b'{"prompt": "' + b"x" * 2**20 + b'"}', 422, "invalid_request"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_bad_body_is_refused(post: Post, body: bytes, status: int, code: str) -> None:
    """Broken JSON is 400, JSON that is no request 422, and too much of it 413; never 500."""
    response = post(body)

    assert (response.status_code, response.get_json(force=True)["code"]) == (status, code)
    assert count_jobs() == 0


def test_another_media_type_is_refused(post: Post) -> None:
    """A form, a text and a compressed body are 415."""
    for headers in (
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Encoding": "gzip"},
    ):
        response = post(b'{"prompt": "a mug"}', **headers)
        assert (response.status_code, response.get_json(force=True)["code"]) == (415, "unsupported_media_type")


def test_an_answer_is_not_much_longer_than_its_question(post: Post) -> None:
    """Thousands of unknown fields, or one with an endless name, are reported in a few lines."""
    many = post({"prompt": "a mug"} | {f"field{number}": 0 for number in range(1_000)})
    long = post({"prompt": "a mug", "x" * 100_000: 0})

    assert (many.status_code, long.status_code) == (422, 422)
    assert len(many.data) < 5_000
    assert len(long.data) < 1_000


def test_a_parameter_without_effect_is_a_warning(post: Post) -> None:
    """Nothing is dropped silently."""
    without = post({"prompt": "a mug", "negative_prompt": "blue", "guidance_scale": 1})
    with_effect = post({"prompt": "a mug", "negative_prompt": "blue", "guidance_scale": 2})

    assert "negative_prompt" in without.get_json()["warnings"][0]
    assert with_effect.get_json()["warnings"] == []


def test_a_chunked_body_is_bounded_too(client: FlaskClient, api_key: str) -> None:
    """A body without a length is refused if it is over 1 MiB, not cut."""
    response = client.post(
        "/v1/jobs",
        input_stream=io.BytesIO(b'{"prompt": "a mug"}' + b" " * 2**21),
        headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert (response.status_code, response.get_json(force=True)["code"]) == (413, "body_too_large")


def test_the_answer_to_a_bad_prompt_does_not_repeat_it(post: Post) -> None:
    """Prompts are personal data: an error does not echo what was sent."""
    assert "secret-of-mine" not in post({"prompt": "a mug", "seed": "secret-of-mine"}).text


def test_defaults_are_fixed_at_submit(post: Post) -> None:
    """The job shows every parameter that the request left out, under the API's own names."""
    response = post({"prompt": "a mug", "steps": 5, "cfg_scale": 2, "n": 2})

    assert response.status_code == 202
    job = response.get_json()
    assert list(job["request"]) == [
        "prompt",
        "negative_prompt",
        "width",
        "height",
        "num_inference_steps",
        "guidance_scale",
        "scheduler",
        "seed",
        "num_images",
        "output_format",
    ]
    assert job["request"]["num_inference_steps"] == 5
    assert job["request"]["guidance_scale"] == 2.0
    assert job["request"]["num_images"] == 2
    assert (job["request"]["width"], job["request"]["scheduler"]) == (256, "ddim")
    assert response.headers["Location"] == job["urls"]["self"]


def test_a_name_and_its_alias_together_are_refused(post: Post) -> None:
    """Nothing is dropped silently: two values for one parameter are an error."""
    assert post({"prompt": "a mug", "steps": 5, "num_inference_steps": 6}).status_code == 422


def test_prompts_in_every_script(post: Post) -> None:
    """Text of any language is accepted and comes back in composed form."""
    job = post({"prompt": "une tasse — красная чашка — 赤いマグカップ 🍵 e\u0301"}).get_json()

    assert job["request"]["prompt"] == "une tasse — красная чашка — 赤いマグカップ 🍵 \u00e9"


def test_a_lora_is_named_by_its_place(post: Post) -> None:
    """The error of a LoRA that the model does not have points at its id."""
    response = post({"prompt": "a mug", "loras": [{"id": "watercolour", "scale": 0.5}]})

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == ["loras.0.id"]
    assert count_jobs() == 0


def test_keys_that_are_the_same_text_are_named(post: Post) -> None:
    """Two labels that would merge in the composed form are refused, not merged silently."""
    [error] = post({"prompt": "a mug", "metadata": {"\u00e9t\u00e9": "1", "e\u0301te\u0301": "2"}}).get_json(
        force=True
    )["errors"]

    assert error["field"] == "metadata"
    assert "\u00e9t\u00e9" in error["message"]


def test_what_is_shown_can_be_sent_back(post: Post) -> None:
    """The longest prompt that is taken is taken again as the job shows it; one that grows beyond the limit is refused first."""
    shown = post({"prompt": "\U0001d160" * 1_333}).get_json()["request"]["prompt"]
    [error] = post({"prompt": "\u0344" * 50 + "a" * 3_950}).get_json(force=True)["errors"]

    assert len(shown) == 1_333 * 3
    assert post({"prompt": shown}).get_json()["request"]["prompt"] == shown
    assert "has 4,050 characters in Unicode's composed form" in error["message"]
