"""`/v1/recall`: a request is handed over to the account's open pages, and not sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.recall import kept_recalls
from core.settings import get_settings
from tests.integration.attempts import count_jobs
from tests.unit.pictures import png_uri


class _Page:
    def __init__(self, client: FlaskClient, api_key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def put(self, body: Any) -> TestResponse:
        return self._client.put("/v1/recall", json=body, headers=self._headers)

    def get(self, query: str = "") -> Any:
        answer = self._client.get(f"/v1/recall{query}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()


@pytest.fixture
def page(client: FlaskClient, api_key: str) -> _Page:
    """A page of the account."""
    return _Page(client, api_key)


def test_what_was_handed_over_is_read_as_it_was_sent(page: _Page) -> None:
    """By our names, the last one alone, and nothing is queued."""
    assert page.get() == {"data": [], "next_after": 0}
    first = page.put({"prompt": "a mug", "steps": 5}).get_json()
    second = page.put({"prompt": "a bowl", "metadata": {"order": "1"}, "guidance_rescale": 0.5}).get_json()

    assert first["request"] == {"prompt": "a mug", "num_inference_steps": 5}
    assert second["number"] > first["number"]
    assert page.get() == {"data": [second], "next_after": second["number"]}
    assert page.get(f"?after={first['number']}")["data"] == [second]
    assert page.get(f"?after={second['number']}") == {"data": [], "next_after": second["number"]}
    assert second["expires_at"] > second["at"]
    assert count_jobs() == 0


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"prompt"}),
        ({"prompt": "a mug", "steps": 400, "colour": "red"}, {"num_inference_steps", "colour"}),
        ({"prompt": "a mug", "image": png_uri()}, {"image"}),
        ({"prompt": "a mug", "image": f"art_{'0' * 32}"}, {"image"}),
        ({"prompt": "a mug", "model": "nonesuch"}, {"model"}),
        ({"prompt": "a mug", "webhook": {"url": "https://10.0.0.1/"}}, {"webhook.url"}),
    ],
)
def test_what_could_not_be_sent_is_refused(page: _Page, body: dict[str, Any], fields: set[str]) -> None:
    """With each field, and the one before stays."""
    kept = page.put({"prompt": "a mug"}).get_json()

    answer = page.put(body)

    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.get_json(force=True)["errors"]} == fields
    assert page.get()["data"] == [kept]


def test_a_style_is_checked_and_handed_over_as_it_was_named(page: _Page) -> None:
    """The page shows the prompt that was sent, and not the one in the frame."""
    wanted = {"prompt": "a mug", "style": "packshot-on-white"}

    assert page.put(wanted).get_json(force=True)["request"] == wanted
    refused = page.put({"prompt": "a mug", "style": "no such style"})
    assert (refused.status_code, refused.get_json(force=True)["errors"][0]["field"]) == (422, "style")


def test_each_account_has_its_own(client: FlaskClient, page: _Page, other_account_id: UUID) -> None:
    """Another account sees nothing of it; and without a key nobody does."""
    page.put({"prompt": "a mug"})
    with transaction() as session:
        pepper = get_settings().api_key_pepper.get_secret_value()
        key = issue_api_key(session, account_id=other_account_id, pepper=pepper)

    assert _Page(client, key).get()["data"] == []
    assert client.get("/v1/recall").status_code == 401
    assert client.put("/v1/recall", json={"prompt": "a mug"}).status_code == 401


def test_without_redis_it_is_503(page: _Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is promised what is not kept."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    kept_recalls._get_redis.cache_clear()
    try:
        answer = page.put({"prompt": "a mug"})
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
        kept_recalls._get_redis.cache_clear()

    assert (answer.status_code, answer.get_json(force=True)["code"]) == (503, "recall_unavailable")
    assert answer.headers["Retry-After"]


def test_it_is_kept_for_an_hour(page: _Page, account_id: UUID) -> None:
    """Redis forgets it by itself, and the database never knows it."""
    page.put({"prompt": "a heron that nobody may know of"})

    assert 3500 < kept_recalls._get_redis().ttl(f"recall:{account_id.hex}") <= 3600
    with transaction() as session:
        assert session.execute(text("select count(*) from jobs")).scalar_one() == 0
