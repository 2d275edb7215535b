"""Sending the same request twice makes one job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from tests.integration.attempts import count_jobs
from tests.integration.conftest import Post


def test_same_idempotency_key_same_job(post: Post) -> None:
    """The same key and body give the first job again; another body with the key is 422."""
    first = post({"prompt": "a mug"}, **{"Idempotency-Key": "order-1"})
    again = post({"prompt": "a mug"}, **{"Idempotency-Key": "order-1"})
    other = post({"prompt": "a lamp"}, **{"Idempotency-Key": "order-1"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.get_json(force=True)["code"]) == (422, "idempotency_key_reused")
    assert count_jobs() == 1


def test_a_parameter_by_name_counts(post: Post) -> None:
    """A parameter under a pipeline's own name also makes a different request."""
    body = {"prompt": "a mug", "guidance_rescale": 0.5}
    first = post(body, **{"Idempotency-Key": "order-1"})
    again = post(body, **{"Idempotency-Key": "order-1"})
    other = post(body | {"guidance_rescale": 0.6}, **{"Idempotency-Key": "order-1"})

    assert first.get_json()["id"] == again.get_json()["id"]
    assert other.status_code == 422


def test_an_invalid_request_does_not_use_up_its_key(post: Post) -> None:
    """After a 422 the same key works with the mended body."""
    assert post({"prompt": "a mug", "width": 100}, **{"Idempotency-Key": "k"}).status_code == 422
    assert post({"prompt": "a mug", "width": 4096}, **{"Idempotency-Key": "k"}).status_code == 422
    assert post({"prompt": "a mug", "width": 104}, **{"Idempotency-Key": "k"}).status_code == 202


def test_50_requests_with_one_key_at_once(client: FlaskClient, api_key: str) -> None:
    """Simultaneous requests with one key make one job and get 50 equal answers."""
    app = client.application

    def send(_: int) -> str:
        response = app.test_client().post(
            "/v1/jobs",
            json={"prompt": "a mug"},
            headers={"Authorization": f"Bearer {api_key}", "Idempotency-Key": "once"},
        )
        assert response.status_code == 202, response.text
        return str(response.get_json()["id"])

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(send, range(50)))

    assert len(ids) == 1
    assert count_jobs() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank", "naïve", "K,K", "K, K", "K,", ",", "a\tb"])
def test_a_bad_idempotency_key_is_named(post: Post, key: str) -> None:
    """An Idempotency-Key that is empty, too long, not printable ASCII or more than one is 422."""
    response = post({"prompt": "a mug"}, **{"Idempotency-Key": key})

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == ["Idempotency-Key"]
