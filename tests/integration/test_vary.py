"""`POST /v1/jobs/{id}/vary`: the same request, but for what the body names."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from core.catalog import get_catalog
from core.jobs.again.rebuild_request import build_request, list_unsaid
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import resolve_request
from tests.integration.again import Again, strip
from tests.integration.attempts import count_jobs
from tests.integration.conftest import Post
from tests.integration.kept import finish_one
from tests.unit.pictures import png_uri


@pytest.fixture
def again(client: FlaskClient, api_key: str) -> Again:
    """The operations of the account."""
    return Again(client, api_key)


def test_an_empty_body_changes_the_seed_alone(post: Post, again: Again) -> None:
    """Whatever became of the job; every variation has another seed, and the labels are kept."""
    job = post({"prompt": "a mug", "seed": 7, "steps": 5, "metadata": {"order": "1"}}).get_json()
    finish_one()

    varied = [again.send(job["id"], "vary", {}).get_json() for _ in range(3)]

    assert len({each["request"]["seed"] for each in (job, *varied)}) == 4
    for each in varied:
        assert strip(each["request"], "seed") == strip(job["request"], "seed")
        assert (each["metadata"], each["warnings"]) == (job["metadata"], job["warnings"])
        assert each["derived_from"] == {"job": job["id"], "how": "vary"}


@pytest.mark.parametrize(
    ("sent", "changes", "shown"),
    [
        ({"seed": 7}, {"seed": 7}, {"seed": 7}),
        ({"seed": 7}, {"n": 3, "cfg_scale": 2.5}, {"num_images": 3, "guidance_scale": 2.5}),
        ({"width": 64, "height": 64}, {"size": "128x64"}, {"width": 128, "height": 64}),
        ({"width": 64, "height": 64}, {"width": 128}, {"width": 128, "height": 64}),
        ({"width": 64, "height": 64}, {"aspect_ratio": "1:1"}, {"width": 256, "height": 256}),
        ({"negative_prompt": "a cat"}, {"negative_prompt": None}, {"negative_prompt": ""}),
        ({"guidance_scale": 3.0}, {"guidance_scale": None}, {"guidance_scale": 2.0}),
        ({"output_format": "webp", "output_quality": 40}, {"output_format": "jpeg"}, {"output_quality": 40}),
        ({"guidance_rescale": 0.5}, {"guidance_rescale": 0.2}, {"guidance_rescale": 0.2}),
        ({}, {"prompt": "a red bowl"}, {"prompt": "a red bowl"}),
    ],
)
def test_what_is_named_is_changed(
    post: Post, again: Again, sent: dict[str, Any], changes: dict[str, Any], shown: dict[str, Any]
) -> None:
    """And nothing else; null leaves a field to the model, and the usual other names are taken."""
    job = post({"prompt": "a mug", **sent}).get_json()

    answer = again.send(job["id"], "vary", changes)

    assert answer.status_code == 202, answer.text
    request = answer.get_json()["request"]
    assert request.items() >= shown.items()
    others = {"seed", "output_format", "width", "height", *shown}
    assert strip(request, *others) == strip(job["request"], *others)


def test_pictures_come_and_go(post: Post, again: Again) -> None:
    """The task follows from them, and a picture of the job is kept unless it is named."""
    plain = post({"prompt": "a mug", "width": 64, "height": 64}).get_json()
    drawn = again.send(plain["id"], "vary", {"image": png_uri(64, 64), "strength": 0.5}).get_json()
    assert (drawn["task"], drawn["request"]["strength"]) == ("image-to-image", 0.5)

    same = again.send(drawn["id"], "vary", {"strength": 0.8}).get_json()
    assert same["request"]["image"] == drawn["request"]["image"]
    wider = again.send(drawn["id"], "vary", {"expand": {"left": 32}, "strength": None}).get_json()
    assert (wider["task"], wider["request"]["width"]) == ("outpaint", 96)
    widest = again.send(wider["id"], "vary", {"expand": {"left": 64}}).get_json()
    assert (widest["task"], widest["request"]["width"]) == ("outpaint", 128)
    without = again.send(drawn["id"], "vary", {"image": None, "strength": None}).get_json()
    assert (without["task"], "image" in without["request"]) == ("text-to-image", False)


def test_what_does_not_go_names_its_fields(post: Post, again: Again) -> None:
    """As at a submit of the whole request, and nothing is queued."""
    job = post({"prompt": "a mug"}).get_json()
    before = count_jobs()

    for changes, fields in (
        ({"steps": 400, "width": 4096}, {"num_inference_steps", "width"}),
        ({"colour": "red"}, {"colour"}),
        ({"strength": 0.5}, {"strength"}),
        ({"model": "nonesuch"}, {"model"}),
        ({"prompt": None}, {"prompt"}),
        ({"seed": "seven"}, {"seed"}),
        ({"deadline_seconds": 5, "start_deadline_seconds": 6}, {"start_deadline_seconds"}),
    ):
        answer = again.send(job["id"], "vary", changes)
        assert answer.status_code == 422, answer.text
        assert {error["field"] for error in answer.get_json(force=True)["errors"]} == fields, answer.text
    assert count_jobs() == before


def test_it_can_be_tried(post: Post, again: Again) -> None:
    """`dry_run`: what the variation would be, with nothing written."""
    job = post({"prompt": "a mug"}).get_json()

    answer = again.send(job["id"], "vary", {"dry_run": True, "num_images": 2})

    assert (answer.status_code, answer.get_json()["request"]["num_images"]) == (200, 2)
    assert count_jobs() == 1


def test_lists_find_what_was_made_from_a_job(post: Post, again: Again) -> None:
    """By its id, also together with other filters."""
    job = post({"prompt": "a mug"}).get_json()
    made = [again.send(job["id"], "vary", {"prompt": f"a mug, {number}"}).get_json()["id"] for number in range(3)]
    again.send(made[0], "vary", {})

    found = again.get(f"jobs?derived_from={job['id']}&fields=id,derived_from").get_json()["data"]
    assert [each["id"] for each in found] == made[::-1]
    assert {each["derived_from"]["how"] for each in found} == {"vary"}
    assert again.get(f"jobs?derived_from={job['id']}&status=succeeded").get_json()["data"] == []
    assert again.get("jobs?derived_from=job_1").status_code == 422


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"negative_prompt": "a cat", "steps": 7, "guidance_scale": 2.0, "scheduler": "ddim"},
        {"image": png_uri(64, 48), "strength": 0.5},
        {"image": png_uri(64, 48), "mask_image": png_uri(64, 48), "mask_feather": 4},
        {"image": png_uri(64, 64), "expand": {"right": 64}},
        {"deterministic": True, "clip_skip": 0, "output_format": "jpeg", "output_quality": 70},
        {"guidance_rescale": 0.5, "eta": 0.3, "scheduler": "ddim"},
    ],
)
def test_a_request_is_rebuilt_from_what_was_resolved(post: Post, again: Again, sent: dict[str, Any]) -> None:
    """With the same seed it resolves to the same again: parameters, warnings and all."""
    job = post({"prompt": "a mug", **sent}).get_json()

    same = again.send(job["id"], "vary", {"seed": job["request"]["seed"]})

    assert same.status_code == 202, same.text
    for name in ("request", "task", "warnings"):
        assert same.get_json()[name] == job[name]


def test_every_model_that_is_here_takes_its_own_request_again() -> None:
    """For each of its tasks that starts from words alone: what it resolved is what it resolves to."""
    catalog = get_catalog()
    for model_id, entry in catalog.models.items():
        if not catalog.is_available(model_id) or "text-to-image" not in entry.tasks:
            continue
        first = resolve_request(RenderRequest(prompt="a mug", model=model_id), catalog=catalog, default_model=model_id)
        values = {**first.parameters, "model": model_id, "task": first.task}
        request = build_request(values, unsaid=list_unsaid(values, catalog=catalog))
        assert resolve_request(request, catalog=catalog, default_model=model_id) == first
