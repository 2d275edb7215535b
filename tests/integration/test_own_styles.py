"""An account's own styles: made, shown, changed and deleted, and no other account's business."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.settings import get_settings

CHALK: dict[str, Any] = {
    "name": "red-chalk",
    "title": "Red chalk",
    "prompt": "a red chalk drawing of {prompt}",
    "example": "a heron",
}


class Call(Protocol):
    """Sends a request of an account."""

    def __call__(self, method: str, path: str, body: Any = None) -> TestResponse: ...


def _calling(client: FlaskClient, key: str) -> Call:
    def send(method: str, path: str, body: Any = None) -> TestResponse:
        return client.open(f"/v1{path}", method=method, json=body, headers={"Authorization": f"Bearer {key}"})

    return send


@pytest.fixture
def call(client: FlaskClient, api_key: str) -> Call:
    """The account's own requests."""
    return _calling(client, api_key)


@pytest.fixture
def other(client: FlaskClient, other_account_id: UUID) -> Call:
    """Another account's."""
    pepper = get_settings().api_key_pepper.get_secret_value()
    with transaction() as session:
        key = issue_api_key(session, account_id=other_account_id, pepper=pepper)
    return _calling(client, key)


def _errors(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["field"]: error["code"] for error in answer.get_json(force=True)["errors"]}


def _names(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [style["name"] for style in answer.get_json()["data"]]


def test_every_style_is_listed_with_an_example_and_its_models(call: Call) -> None:
    """Twelve of the deployment's; with `model`, those that work with it."""
    answer = call("GET", "/styles")

    styles = {style["name"]: style for style in answer.get_json()["data"]}
    assert len(styles) == 12
    assert all(style["is_built_in"] and style["example"] and style["models"] for style in styles.values())
    packshot = styles["packshot-on-white"]
    assert packshot["prompt"] == "{prompt} on a white background"
    assert packshot["parameters"] == {"aspect_ratio": "1:1"}
    assert packshot["models"]["picturebook"] == ["text-to-image", "image-to-image", "inpainting", "outpaint"]
    assert _names(call("GET", "/styles?model=picturebook")) == ["packshot-on-white", "icon"]
    assert call("GET", "/styles/packshot-on-white").get_json() == packshot
    assert _errors(call("GET", "/styles?model=dall-e")) == {"model": "not_found"}
    assert answer.headers["ETag"] == call("GET", "/styles").headers["ETag"]


def test_a_style_is_made_changed_and_deleted(call: Call) -> None:
    """What is left out has its default, and what a change leaves out stays."""
    made = call("POST", "/styles", CHALK)
    assert made.status_code == 201, made.text
    shown = made.get_json()
    assert made.headers["Location"].endswith("/v1/styles/red-chalk")
    assert (shown["is_built_in"], shown["negative_prompt"], shown["parameters"]) == (False, "", {})
    assert call("GET", "/styles/red-chalk").get_json() == shown
    assert _names(call("GET", "/styles"))[-1] == "red-chalk"

    changed = call("PATCH", "/styles/red-chalk", {"parameters": {"steps": 8}, "for": {"models": ["picturebook"]}})
    assert changed.status_code == 200, changed.text
    after = changed.get_json()
    assert after["parameters"] == {"num_inference_steps": 8}
    assert (after["prompt"], after["created_at"]) == (CHALK["prompt"], shown["created_at"])
    assert after["updated_at"] > shown["updated_at"]
    assert list(after["models"]) == ["picturebook"]

    assert call("DELETE", "/styles/red-chalk").status_code == 204
    gone = call("GET", "/styles/red-chalk")
    assert (gone.status_code, gone.get_json(force=True)["code"]) == (404, "style_not_found")
    assert call("DELETE", "/styles/red-chalk").status_code == 404
    assert call("PATCH", "/styles/red-chalk", {"title": "x"}).status_code == 404


def test_nobody_else_sees_it(call: Call, other: Call) -> None:
    """Two accounts may have styles of one name, and each has its own; to an account without it there is none."""
    call("POST", "/styles", CHALK)

    assert other("GET", "/styles/red-chalk").status_code == 404
    assert "red-chalk" not in _names(other("GET", "/styles"))
    assert other("PATCH", "/styles/red-chalk", {"title": "x"}).status_code == 404
    assert other("DELETE", "/styles/red-chalk").status_code == 404
    assert _errors(other("POST", "/jobs", {"prompt": "a mug", "style": "red-chalk"})) == {"style": "not_found"}
    assert "red-chalk" not in other("POST", "/jobs", {"prompt": "a mug", "style": "x"}).text
    assert other("POST", "/styles", CHALK | {"title": "Theirs"}).status_code == 201
    assert call("GET", "/styles/red-chalk").get_json()["title"] == "Red chalk"


def test_the_deployments_styles_are_not_changed(call: Call) -> None:
    """And no account takes a name of theirs, or one of its own twice."""
    for method, body in (("PATCH", {"title": "x"}), ("DELETE", None)):
        answer = call(method, "/styles/poster", body)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (409, "style_is_built_in")
    assert _errors(call("POST", "/styles", CHALK | {"name": "poster"})) == {"name": "conflict"}
    call("POST", "/styles", CHALK)
    assert _errors(call("POST", "/styles", CHALK)) == {"name": "conflict"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"prompt": "a drawing"}, "prompt", "invalid"),
        ({"name": "Red Chalk"}, "name", "invalid"),
        ({"parameters": {"seed": 7}}, "parameters", "invalid"),
        ({"parameters": {"guidance_scale": 1000}}, "parameters.guidance_scale", "out_of_range"),
        ({"for": {"models": ["picturebook", "dall-e"]}}, "for.models.1", "not_found"),
        ({"for": {"families": ["flux", "dall-e"]}}, "for.families.1", "not_found"),
        ({"example": ""}, "example", "wrong_length"),
        ({"title": "x" * 101}, "title", "wrong_length"),
        ({"description": "x" * 501}, "description", "wrong_length"),
        ({"negative_prompt": "x" * 1001}, "negative_prompt", "wrong_length"),
        ({"colour": "red"}, "colour", "unknown"),
    ],
)
def test_what_is_wrong_is_named(call: Call, change: dict[str, Any], field: str, code: str) -> None:
    """The field and a code, at a creation and at a change; nothing is written."""
    assert _errors(call("POST", "/styles", CHALK | change)) == {field: code}
    assert call("GET", "/styles/red-chalk").status_code == 404
    if "name" not in change:
        made = call("POST", "/styles", CHALK).get_json()
        assert _errors(call("PATCH", "/styles/red-chalk", change)) == {field: code}
        assert call("GET", "/styles/red-chalk").get_json() == made


def test_a_hundred_styles_and_no_more(client: FlaskClient, call: Call, api_key: str) -> None:
    """However many requests come at once."""
    for number in range(95):
        assert call("POST", "/styles", CHALK | {"name": f"chalk-{number}"}).status_code == 201

    def add(number: int) -> int:
        body = CHALK | {"name": f"late-{number}"}
        return _calling(client.application.test_client(), api_key)("POST", "/styles", body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(add, range(10)))

    assert (statuses.count(201), statuses.count(409)) == (5, 5)
    assert len(_names(call("GET", "/styles"))) == 112


def test_without_a_key_there_is_nothing(client: FlaskClient) -> None:
    """As everywhere."""
    for method, path in (("GET", "/styles"), ("POST", "/styles"), ("GET", "/styles/poster"), ("DELETE", "/styles/x")):
        assert client.open(f"/v1{path}", method=method).status_code == 401


@pytest.mark.parametrize("name", ["%00", "a%0A", "Poster", "%F0%9F%90%9F", "x" * 65])
def test_what_is_no_name_is_not_found(call: Call, name: str) -> None:
    """Whatever an address can hold."""
    for method, body in (("GET", None), ("PATCH", {"title": "x"}), ("DELETE", None)):
        answer = call(method, f"/styles/{name}", body)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "style_not_found")
