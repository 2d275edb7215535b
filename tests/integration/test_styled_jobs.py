"""Jobs with a style: what is rendered, what is shown, and what stays when the style changes or goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from werkzeug.test import TestResponse

from core.catalog import get_catalog
from core.database import transaction
from core.ids import parse_id
from core.jobs.request.render_request import RenderRequest
from core.jobs.styles.rendered_prompts import KeptPrompts
from core.jobs.submit.choose_style import choose_style
from core.jobs.submit.new_job import Submission, build_new_job
from core.jobs.submit.submit_job import submit_job
from core.jobs.tables import Job
from core.settings import get_settings
from core.webhooks.tables import WebhookEvent
from infra.local import LocalStack
from tests.integration.attempts import claim_one, rendered
from tests.integration.conftest import Post
from tests.integration.kept import finish_one, pass_time, violations_of
from tests.integration.picture_server import PictureServer, serving_pictures
from tests.integration.statements import noted_statements
from tests.unit.pictures import encode, picture, png_uri
from worker.fetches import download as download_module
from worker.fetches.fetch_pictures import fetch_next
from worker.maintenance.apply_retention import apply_retention
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

Call = Callable[..., TestResponse]

MUG = {"prompt": "a large red mug", "style": "packshot-on-white"}
FRAMED = "a large red mug on a white background"

CHALK: dict[str, Any] = {
    "name": "red-chalk",
    "title": "Red chalk",
    "prompt": "a red chalk drawing of {prompt}",
    "negative_prompt": "photo",
    "parameters": {"num_inference_steps": 3, "guidance_scale": 5, "size": "64x96"},
    "example": "a heron",
}


@pytest.fixture
def call(client: FlaskClient, api_key: str) -> Call:
    """The account's requests."""

    def send(method: str, path: str, body: Any = None) -> TestResponse:
        return client.open(f"/v1{path}", method=method, json=body, headers={"Authorization": f"Bearer {api_key}"})

    return send


def _error(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    [error] = answer.get_json(force=True)["errors"]
    return dict(error)


def _count_jobs() -> int:
    with transaction() as session:
        return session.execute(select(func.count()).select_from(Job)).scalar_one()


@pytest.mark.usefixtures("ways")
def test_a_worker_gets_the_framed_prompt_and_the_job_shows_both(post: Post, call: Call) -> None:
    """The prompts as they were sent in `request`, and as they are rendered in `style`; by both ways of each statement."""
    sent = post(MUG | {"negative_prompt": "handles", "seed": 7})
    assert sent.status_code == 202, sent.text
    job = sent.get_json()
    assert job["request"]["prompt"] == MUG["prompt"]
    assert (job["request"]["negative_prompt"], job["request"]["style"]) == ("handles", "packshot-on-white")
    assert (job["request"]["width"], job["request"]["height"]) == (256, 256)
    negative = "handles, props, hands, text, watermark, coloured background, cropped"
    assert job["style"] == {
        "name": "packshot-on-white",
        "rendered_prompt": FRAMED,
        "rendered_negative_prompt": negative,
    }
    assert call("GET", f"/jobs/{job['id']}").get_json()["style"] == job["style"]

    attempt = claim_one()
    assert (attempt.request["prompt"], attempt.request["negative_prompt"]) == (FRAMED, negative)
    assert "style" not in attempt.request
    assert attempt.style == "packshot-on-white"
    GroupSuccessWriter().write(attempt_id=attempt.id, rendered=rendered(attempt))

    assert call("GET", "/jobs?fields=style").get_json()["data"] == [{"style": job["style"]}]
    with transaction() as session:
        assert session.scalars(select(WebhookEvent.data)).one()["style"] == job["style"]


def test_without_a_style_nothing_is_framed(post: Post) -> None:
    """The job says so with null, and its request has no such field."""
    job = post({"prompt": "a mug"}).get_json()

    assert job["style"] is None
    assert "style" not in job["request"]
    assert claim_one().request == job["request"]


def test_what_the_caller_says_comes_before_the_style(post: Post, call: Call) -> None:
    """Each parameter that is sent, and the size in whichever words; null is not sent."""
    assert call("POST", "/styles", CHALK).status_code == 201
    body = {"prompt": "a mug", "style": "red-chalk"}

    def pick(**more: Any) -> tuple[Any, ...]:
        answer = post(body | more)
        assert answer.status_code == 202, answer.text
        request = answer.get_json()["request"]
        return tuple(request[name] for name in ("num_inference_steps", "guidance_scale", "width", "height"))

    assert pick() == (3, 5.0, 64, 96)
    assert pick(steps=4) == (4, 5.0, 64, 96)
    assert pick(cfg_scale=2, seed=None) == (3, 2.0, 64, 96)
    assert pick(width=128) == (3, 5.0, 128, 256)
    assert pick(aspect_ratio="1:1") == (3, 5.0, 256, 256)
    # A picture keeps its size.
    assert pick(image=png_uri(80, 48)) == (3, 5.0, 80, 48)


def test_a_job_keeps_what_it_was_sent_with(post: Post, call: Call) -> None:
    """Whether its style changes or goes; the next job has the new one."""
    call("POST", "/styles", CHALK)
    body = {"prompt": "a mug", "style": "red-chalk"}
    first = post(body, **{"Idempotency-Key": "one"}).get_json()
    call("PATCH", "/styles/red-chalk", {"prompt": "a blue chalk drawing of {prompt}"})
    second = post(body).get_json()
    replayed = post(body, **{"Idempotency-Key": "one"})
    call("DELETE", "/styles/red-chalk")

    assert first["style"]["rendered_prompt"] == "a red chalk drawing of a mug"
    assert second["style"]["rendered_prompt"] == "a blue chalk drawing of a mug"
    assert replayed.get_json()["id"] == first["id"]
    assert call("GET", f"/jobs/{first['id']}").get_json()["style"] == first["style"]
    assert claim_one().request["prompt"] == "a red chalk drawing of a mug"
    assert _error(post(body))["code"] == "not_found"


def test_another_style_is_another_request(post: Post, call: Call) -> None:
    """An Idempotency-Key, or an id of the client's own, does not go with two styles."""
    assert post(MUG, **{"Idempotency-Key": "one"}).status_code == 202
    assert post(MUG | {"style": "icon"}, **{"Idempotency-Key": "one"}).status_code == 422
    assert post(MUG, **{"Idempotency-Key": "one"}).headers["Idempotent-Replayed"] == "true"
    assert call("PUT", "/jobs/order-1", MUG).status_code == 202
    taken = call("PUT", "/jobs/order-1", MUG | {"style": None})
    assert taken.get_json(force=True)["code"] == "client_id_taken"


def test_a_dry_run_shows_the_style_applied(post: Post, call: Call) -> None:
    """Its parameters in the request, and the prompts as they would be rendered."""
    call("POST", "/styles", CHALK)
    tried = post({"prompt": "a mug", "style": "red-chalk", "dry_run": True}).get_json()

    assert tried["style"]["rendered_prompt"] == "a red chalk drawing of a mug"
    assert (tried["request"]["prompt"], tried["request"]["num_inference_steps"]) == ("a mug", 3)
    assert _count_jobs() == 0


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_style_that_does_not_fit_is_refused_with_those_that_do(post: Post, call: Call, dry_run: bool) -> None:
    """Unknown, of another model or family, with a parameter that the model lacks: nothing is queued."""
    other = {"for": {"families": ["flux"]}}
    lacks = {"parameters": {"true_cfg_scale": 4}}
    call("POST", "/styles", CHALK)
    call("POST", "/styles", CHALK | {"name": "of-flux"} | other)
    call("POST", "/styles", CHALK | {"name": "of-qwen"} | lacks)
    fitting = [
        *("red-chalk", "product-photo", "packshot-on-white", "poster", "line-art", "watercolour", "icon", "pixel-art"),
        *("blueprint", "neon", "sketch"),
    ]

    for name, code, says in (
        ("no-such", "not_found", "there is no style 'no-such'"),
        ("interior", "not_for_model", "interior is not for picturebook"),
        ("of-flux", "not_for_model", "is for models of flux, and picturebook is one of stable-diffusion"),
        ("of-qwen", "not_for_model", "sets true_cfg_scale, which picturebook lacks for text-to-image"),
    ):
        for answer in (
            post({"prompt": "a mug", "style": name, "dry_run": dry_run}),
            call("PUT", "/jobs/order-1", {"prompt": "a mug", "style": name, "dry_run": dry_run}),
        ):
            error = _error(answer)
            assert (error["field"], error["code"]) == ("style", code)
            assert says in error["message"]
            assert error["allowed"] == {"enum": fitting}
    assert _count_jobs() == 0


def test_everything_that_is_wrong_is_named_at_once(post: Post) -> None:
    """The style among the rest, whichever check finds the others."""

    def fields(**body: Any) -> set[str]:
        answer = post(body)
        assert answer.status_code == 422
        return {error["field"] for error in answer.get_json(force=True)["errors"]}

    assert fields(style="x", steps=400, webhook={"url": "https://10.0.0.1/"}) == {
        *("style", "prompt", "num_inference_steps", "webhook.url"),
    }
    assert fields(style="x", prompt="a mug", width="wide") == {"style", "width"}
    assert fields(style="icon", width="wide") == {"prompt", "width"}
    assert fields(style="icon", prompt=" ", scheduler="magic") == {"prompt", "scheduler"}
    assert fields(style="icon", prompt="a mug", model="dall-e") == {"model"}
    assert fields(style="icon", prompt="a mug", task="edit") == {"task"}


def test_a_prompt_that_is_too_long_for_its_frame_is_named(post: Post) -> None:
    """With how long it may be."""
    error = _error(post({"prompt": "x" * 3_990, "style": "icon"}))

    assert (error["field"], error["code"], error["allowed"]) == ("prompt", "wrong_length", {"maxLength": 3_950})
    assert post({"prompt": "x" * 3_950, "style": "icon"}).status_code == 202


def test_what_of_a_style_does_not_go_with_the_request_is_the_styles(post: Post, call: Call) -> None:
    """A value that the model has, and that leaves nothing to do beside what the caller says."""
    call("POST", "/styles", CHALK | {"parameters": {"strength": 0.1}, "for": {"picture": True}})

    error = _error(post({"prompt": "a mug", "style": "red-chalk", "steps": 2, "image": png_uri()}))

    assert (error["field"], error["code"]) == ("style", "conflict")
    assert "red-chalk sets strength" in error["message"]
    without = _error(post({"prompt": "a mug", "style": "red-chalk"}))
    assert "needs a picture to draw from" in without["message"]


def test_lists_and_bulk_operations_filter_by_style(post: Post, call: Call) -> None:
    """By any of several; a search of prompts looks at those that were sent."""
    mug, icon, plain = (
        post(body).get_json()["id"] for body in (MUG, MUG | {"style": "icon"}, {"prompt": "a white mug"})
    )

    def found(query: str) -> list[str]:
        answer = call("GET", f"/jobs?order=asc&fields=id&{query}")
        assert answer.status_code == 200, answer.text
        return [job["id"] for job in answer.get_json()["data"]]

    assert found("style=packshot-on-white") == [mug]
    assert found("style=icon&style=packshot-on-white") == [mug, icon]
    assert found("style=icon&prompt=mug") == [icon]
    assert found("style=poster") == []
    assert found("prompt=white") == [plain]
    assert call("GET", "/jobs?style=").status_code == 422

    cancelled = call("POST", "/jobs/cancel", {"style": ["icon"]}).get_json()
    assert found("status=cancelled") == [icon], cancelled
    deleted = call("POST", "/jobs/delete", {"style": ["icon", "packshot-on-white"]}).get_json()
    assert len(deleted["deletions"]) == 1
    assert found("") == [mug, plain]


def test_a_job_that_is_not_kept_forgets_the_framed_prompt(servers: LocalStack, post: Post, call: Call) -> None:
    """With the prompt: in its row, its receipt and its event. The style's name stays, as the model's does."""
    post({"prompt": "a heron of nobody", "style": "packshot-on-white", "store": False})
    job_id = finish_one()
    with transaction() as session:
        request = {"prompt": "a heron of nobody on a white background", "width": 64}
        session.execute(update(Job).values(receipt={"request": request, "style": "packshot-on-white"}))
    pass_time(job_id)
    apply_retention()

    with transaction() as session:
        job = session.get_one(Job, job_id)
        assert (job.style, job.rendered_prompts) == ("packshot-on-white", None)
        assert job.receipt == {"request": {"width": 64}, "style": "packshot-on-white"}
        for table in ("jobs", "webhook_events"):
            rows = session.execute(text(f"select count(*) from {table} as row where row::text like '%of nobody%'"))
            assert rows.scalar_one() == 0, table
    [shown] = call("GET", "/jobs?fields=style").get_json()["data"]
    assert shown["style"] == {
        "name": "packshot-on-white",
        "rendered_prompt": None,
        "rendered_negative_prompt": None,
    }
    assert violations_of(job_id) == []


@pytest.fixture
def pictures(servers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[PictureServer]:
    """A server of pictures that the dispatcher may fetch from, and trusts."""
    monkeypatch.setenv("FETCH_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    with serving_pictures() as served:
        monkeypatch.setattr(download_module, "_tls", lambda: served.trusting)
        yield served
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_job_whose_picture_is_fetched_keeps_its_style(pictures: PictureServer, post: Post, call: Call) -> None:
    """As it was when the job was sent, whatever becomes of the style until the picture is there."""
    address = pictures.serve("/small.png", encode(picture(64, 48)))
    call("POST", "/styles", CHALK | {"parameters": {"num_inference_steps": 5, "strength": 0.6}})
    job = post({"prompt": "a mug", "style": "red-chalk", "image": address, "seed": 7}).get_json()
    call("DELETE", "/styles/red-chalk")
    fetch_next()

    shown = call("GET", f"/jobs/{job['id']}").get_json()
    assert shown["style"] == job["style"]
    request = shown["request"]
    assert (request["prompt"], request["negative_prompt"], request["style"]) == ("a mug", "", "red-chalk")
    assert (request["width"], request["height"], request["strength"]) == (64, 48, 0.6)
    assert shown["progress"]["steps"] == 3
    attempt = claim_one()
    assert attempt.job_id == parse_id("job", job["id"])
    assert attempt.request["prompt"] == "a red chalk drawing of a mug"


def test_a_style_of_the_deployment_costs_no_statement(post: Post, call: Call) -> None:
    """A submit with it is one statement, as without; an own style is read by one more."""
    call("POST", "/styles", CHALK)
    counts = []
    for body in ({"prompt": "a mug"}, MUG, MUG | {"style": "red-chalk"}):
        post(body)
        with noted_statements() as noted:
            assert post(body).status_code == 202
        counts.append(len([query for query, _ in noted if query not in {"COMMIT", "ROLLBACK"}]))

    assert counts == [1, 1, 2]


def test_a_job_is_made_again_with_the_prompts_that_it_had(account_id: UUID, post: Post, call: Call) -> None:
    """From its own request and its rendered prompts, when its style is not there any more."""
    call("POST", "/styles", CHALK)
    first = post({"prompt": "a mug", "style": "red-chalk", "seed": 7}).get_json()
    call("DELETE", "/styles/red-chalk")
    with transaction() as session:
        row = session.scalars(select(Job)).one()
        assert row.style is not None
        assert row.rendered_prompts is not None
        kept = KeptPrompts(row.style, row.rendered_prompts)

    again = submit_job(
        Submission(
            request=RenderRequest.model_validate(first["request"] | {"seed": 7}),
            account_id=account_id,
            request_id="req_test",
            catalog=get_catalog(),
            settings=get_settings(),
            style=kept,
        )
    ).view

    assert again.request == first["request"]
    assert again.style is not None
    assert again.style.model_dump() == first["style"]
    assert claim_one().request == claim_one().request


def test_a_style_that_was_not_looked_up_is_not_left_out(account_id: UUID) -> None:
    """Code that resolves such a request without looking for its style fails, instead of rendering the prompt as it was sent."""
    submission = Submission(
        request=RenderRequest.model_validate(MUG),
        account_id=account_id,
        request_id="req_test",
        catalog=get_catalog(),
        settings=get_settings(),
    )

    with pytest.raises(AssertionError, match="choose_style"):
        build_new_job(submission, input_sizes={})
    assert build_new_job(choose_style(submission), input_sizes={}).rendered_prompts is not None
