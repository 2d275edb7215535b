"""Previews over the API, from a real Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from core import previews
from core.ids import format_id
from core.previews import find_preview, store_preview
from core.settings import get_settings
from tests.integration.conftest import Submit

PICTURE = b"RIFF\x04\x00\x00\x00WEBP"


@pytest.fixture
def deaf_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing listens where Redis should be."""
    settings = get_settings().model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    monkeypatch.setattr(previews, "get_settings", lambda: settings)
    previews._get_redis.cache_clear()
    yield
    previews._get_redis.cache_clear()


def test_a_preview_is_served_until_it_changes(
    client: FlaskClient, api_key: str, account_id: UUID, submit: Submit
) -> None:
    """200 with the picture, 304 while it is the same, 200 again with the next one; no cache keeps it."""
    job_id = submit(account_id)
    address = f"/v1/jobs/{format_id('job', job_id)}/preview"
    headers = {"Authorization": f"Bearer {api_key}"}
    store_preview(job_id, PICTURE)

    first = client.get(address, headers=headers)
    assert (first.status_code, first.mimetype, first.data) == (200, "image/webp", PICTURE)
    assert first.headers["Cache-Control"] == "no-store"
    headers["If-None-Match"] = first.headers["ETag"]
    again = client.get(address, headers=headers)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])

    store_preview(job_id, PICTURE + b"VP8 ")
    changed = client.get(address, headers=headers)
    assert (changed.status_code, changed.data) == (200, PICTURE + b"VP8 ")


def test_no_preview_is_a_problem(client: FlaskClient, api_key: str, account_id: UUID, submit: Submit) -> None:
    """A job without a preview yet is 404, with another code than a job that does not exist."""
    response = client.get(
        f"/v1/jobs/{format_id('job', submit(account_id))}/preview", headers={"Authorization": f"Bearer {api_key}"}
    )

    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert response.get_json(force=True)["code"] == "preview_not_found"


def test_a_preview_is_for_the_jobs_account_only(
    client: FlaskClient, api_key: str, other_account_id: UUID, submit: Submit
) -> None:
    """For another account the job does not exist, and without a key the answer is 401."""
    job_id = submit(other_account_id)
    store_preview(job_id, PICTURE)
    address = f"/v1/jobs/{format_id('job', job_id)}/preview"

    response = client.get(address, headers={"Authorization": f"Bearer {api_key}"})
    assert (response.status_code, response.get_json(force=True)["code"]) == (404, "job_not_found")
    assert client.get(address).status_code == 401


def test_a_preview_lasts_a_minute(servers: object) -> None:
    """It expires by itself."""
    job_id = uuid4()
    store_preview(job_id, PICTURE)

    seconds = previews._get_redis().ttl(f"preview:{format_id('job', job_id)}")
    assert isinstance(seconds, int)
    assert 55 <= seconds <= 60


def test_a_dead_redis_costs_a_preview_and_nothing_else(
    client: FlaskClient, api_key: str, account_id: UUID, submit: Submit, deaf_redis: None
) -> None:
    """With a dead Redis both end soon: storing does nothing, reading is 404."""
    job_id = submit(account_id)
    started = time.monotonic()

    store_preview(job_id, PICTURE)
    assert find_preview(job_id) is None
    response = client.get(
        f"/v1/jobs/{format_id('job', job_id)}/preview", headers={"Authorization": f"Bearer {api_key}"}
    )

    assert response.get_json(force=True)["code"] == "preview_not_found"
    assert time.monotonic() - started < 3
