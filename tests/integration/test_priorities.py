"""High before normal before low, and accounts in turn within each."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.integration.attempts import cancel, claim_one
from tests.integration.conftest import Post, Submit

pytestmark = pytest.mark.usefixtures("ways")


def test_priorities_go_in_order(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """Every high job goes first and every low one last, whoever sent it; accounts take turns within a priority."""
    low = submit(account_id, priority="low")
    normal = submit(account_id)
    high = [submit(account_id, priority="high") for _ in range(3)]
    others_high = submit(other_account_id, priority="high")

    order = [claim_one().job_id for _ in range(6)]

    assert order == [high[0], others_high, *high[1:], normal, low]


def test_urgent_jobs_do_not_move_the_others_present(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """After an account's high jobs a newcomer's normal job still goes beside that account's first normal one."""
    waiting = [submit(account_id) for _ in range(10)]
    for _ in range(5):
        submit(account_id, priority="high")
        claim_one()
    mine = submit(other_account_id)

    order = [claim_one().job_id for _ in range(3)]

    assert mine in order[:2]
    assert order[0] == waiting[0]


def test_cancelled_high_jobs_do_not_count(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """A cancelled job costs its account nothing, at any priority."""
    for job_id in [submit(account_id, priority="high") for _ in range(10)]:
        cancel(account_id, job_id)
    for _ in range(5):
        submit(other_account_id, priority="high")
    mine = submit(account_id, priority="high")

    assert mine in [claim_one().job_id for _ in range(2)]


def test_a_job_shows_its_priority_and_deadlines(post: Post) -> None:
    """The answer holds the priority and the moments counted from the acceptance; null where there are none."""
    plain = post({"prompt": "a mug"}).get_json()
    urgent = post(
        {"prompt": "a mug", "priority": "high", "start_deadline_seconds": 60, "deadline_seconds": 3600}
    ).get_json()

    assert (plain["priority"], plain["start_deadline_at"], plain["deadline_at"]) == ("normal", None, None)
    assert urgent["priority"] == "high"
    assert urgent["created_at"] < urgent["start_deadline_at"] < urgent["deadline_at"]
    assert not {"priority", "start_deadline_seconds", "deadline_seconds"} & set(urgent["request"])


def test_a_job_cannot_start_after_its_end(post: Post) -> None:
    """A start deadline after the deadline is 422 with the field; at the same moment it is allowed."""
    refused = post({"prompt": "a mug", "start_deadline_seconds": 61, "deadline_seconds": 60})

    assert refused.status_code == 422
    [error] = refused.get_json(force=True)["errors"]
    assert (error["field"], error["message"]) == ("start_deadline_seconds", "must be at most deadline_seconds")
    assert post({"prompt": "a mug", "start_deadline_seconds": 60, "deadline_seconds": 60}).status_code == 202


def test_they_are_published(client: FlaskClient, api_key: str) -> None:
    """The API document and every model's JSON schema have the three fields with their bounds."""
    body = client.get("/openapi.json").get_json()["components"]["schemas"]["JobRequest"]["properties"]
    model = client.get("/v1/models/picturebook", headers={"Authorization": f"Bearer {api_key}"}).get_json()

    for properties in (body, *(schema["properties"] for schema in model["parameters"].values())):
        assert properties["priority"]["enum"] == ["high", "normal", "low"]
        for field in ("start_deadline_seconds", "deadline_seconds"):
            bounds = properties[field] | next(iter(properties[field].get("anyOf", [{}])))
            assert (bounds["minimum"], bounds["maximum"]) == (1, 30 * 24 * 3600)
