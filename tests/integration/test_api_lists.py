"""Pages of jobs."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.conftest import Post


def test_pages_hold_every_job_once(client: FlaskClient, api_key: str, post: Post) -> None:
    """Following next_cursor gives every job, newest first, also when new ones arrive on the way."""
    ids = [post({"prompt": "a mug"}).get_json()["id"] for _ in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = _list(client, api_key, f"limit=3{cursor and '&cursor=' + cursor}").get_json()
        seen += [job["id"] for job in page["data"]]
        cursor = page["next_cursor"]
        post({"prompt": "a newcomer"})

    assert seen == ids[::-1]


def test_lists_filter_by_status(client: FlaskClient, api_key: str, post: Post) -> None:
    """`status` may be repeated; a job of another status is not listed."""
    queued, cancelled = (post({"prompt": "a mug"}).get_json()["id"] for _ in range(2))
    client.post(f"/v1/jobs/{cancelled}/cancel", headers={"Authorization": f"Bearer {api_key}"})

    def ids(query: str) -> list[str]:
        return [job["id"] for job in _list(client, api_key, query).get_json()["data"]]

    assert ids("status=queued") == [queued]
    assert ids("status=cancelled") == [cancelled]
    assert ids("status=cancelled&status=queued") == [cancelled, queued]
    assert ids("status=failed") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=job_" + "0" * 32, "cursor"),
        ("status=lost", "status.0"),
        ("colour=red", "colour"),
    ],
)
def test_a_bad_query_is_named(client: FlaskClient, api_key: str, query: str, field: str) -> None:
    """A parameter that is unknown or out of range is 422 with its name."""
    response = _list(client, api_key, query)

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == [field]


def _list(client: FlaskClient, api_key: str, query: str) -> TestResponse:
    return client.get(f"/v1/jobs?{query}", headers={"Authorization": f"Bearer {api_key}"})
