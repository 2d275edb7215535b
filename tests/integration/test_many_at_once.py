"""Cancelling and deleting many jobs with one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.artifacts.storage import Bucket
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import StorageUnavailable
from core.ids import format_id
from core.jobs.retention.deletion_receipts import list_pending_deletions
from tests.integration.attempts import cancel, claim_one, renew
from tests.integration.conftest import Submit
from tests.integration.kept import count_rows, finish_one, list_stored, violations_of

#: Sends a body to one of the operations.
Send = Callable[..., TestResponse]


@pytest.fixture
def send(client: FlaskClient, api_key: str) -> Send:
    """POST to an operation on many jobs, with the account's key."""

    def post(operation: str, **body: Any) -> TestResponse:
        return client.post(f"/v1/jobs/{operation}", json=body, headers={"Authorization": f"Bearer {api_key}"})

    return post


def _names(*ids: UUID) -> list[str]:
    return [format_id("job", id_) for id_ in ids]


def test_the_jobs_that_fit_are_cancelled(account_id: UUID, other_account_id: UUID, submit: Submit, send: Send) -> None:
    """Those that wait at once, those that run at their next step; others', those that do not fit and those that have ended stay."""
    running = submit(account_id, metadata={"user": "17"})
    attempt = claim_one()
    waiting = submit(account_id, metadata={"user": "17"})
    ended, other = submit(account_id, metadata={"user": "17"}), submit(account_id, metadata={"user": "18"})
    foreign = submit(other_account_id, metadata={"user": "17"})
    cancel(account_id, ended)

    answer = send("cancel", metadata={"user": "17"})

    assert answer.status_code == 200
    assert answer.get_json() == {"cancelled": _names(waiting), "stopping": _names(running), "has_more": False}
    assert renew(attempt.id)
    assert send("cancel", metadata={"user": "17"}).get_json()["stopping"] == []
    assert send("cancel", all=True).get_json()["cancelled"] == _names(other)
    assert violations_of(running, waiting, ended, other, foreign) == []


def test_a_call_is_bounded_and_says_what_is_left(account_id: UUID, submit: Submit, send: Send) -> None:
    """The oldest first; sending the same again goes on until nothing is left."""
    ids = [submit(account_id) for _ in range(5)]
    answers = [send("cancel", status=["queued"], limit=2).get_json() for _ in range(4)]

    assert [answer["cancelled"] for answer in answers] == [_names(*ids[:2]), _names(*ids[2:4]), _names(ids[4]), []]
    assert [answer["has_more"] for answer in answers] == [True, True, False, False]


def test_the_jobs_that_fit_are_deleted(account_id: UUID, other_account_id: UUID, submit: Submit, send: Send) -> None:
    """With their images, each with a receipt; what has not ended, and what a job that has not ended starts from, stays."""
    submit(account_id, prompt="a red mug")
    drawn = finish_one()
    submit(account_id, prompt="a red plate")
    source = finish_one()
    image = _read_output(source)
    user = submit(account_id, prompt="a red mug", image=image, strength=0.5)
    submit(other_account_id, prompt="a red mug")

    answer = send("delete", prompt="red")

    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["completed"], body["pending"], body["has_more"]) == (1, 0, False)
    [receipt] = body["deletions"]
    assert (receipt["job_id"], receipt["status"], len(receipt["objects"])) == (*_names(drawn), "completed", 1)
    assert list_stored(drawn) == []
    assert "jobs" not in count_rows(drawn)
    assert all("jobs" in count_rows(id_) for id_ in (source, user))
    cancel(account_id, user)
    deleted = send("delete", all=True, limit=1).get_json()
    assert ([item["job_id"] for item in deleted["deletions"]], deleted["has_more"]) == (_names(source), True)
    assert violations_of(drawn, source, user) == []


def test_a_store_that_does_not_answer_leaves_the_rest_to_the_sweep(
    account_id: UUID,
    submit: Submit,
    send: Send,
    *,
    client: FlaskClient,
    api_key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """202: nobody is shown the jobs any more, and their receipts are pending; the store is asked once, not once for each."""
    ids = []
    for _ in range(3):
        submit(account_id)
        ids.append(finish_one())
    asked = []

    def refuse(_bucket: Bucket, prefix: str) -> list[str]:
        asked.append(prefix)
        raise StorageUnavailable

    monkeypatch.setattr(Bucket, "delete_prefix", refuse)
    answer = send("delete", status=["succeeded"])

    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["completed"], body["pending"]) == (0, 3)
    assert [item["status"] for item in body["deletions"]] == ["pending"] * 3
    assert len(asked) == 1
    gone = client.get(f"/v1/jobs/{_names(ids[2])[0]}", headers={"Authorization": f"Bearer {api_key}"})
    assert gone.status_code == 410
    with transaction() as session:
        assert list_pending_deletions(session, at_most=10) == []  # it is this call's for a minute


@pytest.mark.parametrize("operation", ["cancel", "delete"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "all"),
        ({"all": False}, "all"),
        ({"all": True, "status": ["queued"]}, "all"),
        ({"all": "yes"}, "all"),
        ({"all": True, "limit": 0}, "limit"),
        ({"all": True, "limit": 101}, "limit"),
        ({"all": True, "limit": "5"}, "limit"),
        ({"status": ["lost"]}, "status.0"),
        ({"metadata": {"user": 17}}, "metadata.user"),
        ({"metadata": "17"}, "metadata"),
        ({"prompt": "!!!"}, "prompt"),
        ({"created_before": "soon"}, "created_before"),
        ({"all": True, "colour": "red"}, "colour"),
    ],
)
def test_a_bad_request_is_named_and_changes_nothing(
    account_id: UUID, submit: Submit, send: Send, *, operation: str, body: dict[str, Any], field: str
) -> None:
    """Nobody cancels or deletes all jobs by a mistake."""
    waiting = submit(account_id)
    answer = send(operation, **body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json(force=True)["errors"]] == [field]
    assert send("cancel", all=True).get_json()["cancelled"] == _names(waiting)


@pytest.mark.parametrize("operation", ["cancel", "delete"])
def test_without_a_key_nothing_is_done(client: FlaskClient, database: None, operation: str) -> None:
    """401, before the body is looked at."""
    assert client.post(f"/v1/jobs/{operation}", json={"all": True}).status_code == 401


def _read_output(job_id: UUID) -> str:
    with transaction() as session:
        return format_id("art", session.scalars(select(Artifact.id).where(Artifact.job_id == job_id)).one())
