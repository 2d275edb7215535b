"""`PUT /v1/jobs/{id}`: a job under its client's own id."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from core.database import transaction
from core.jobs.retention.prune_rows import prune_idempotency_keys
from core.jobs.retention.remove_rows import remove_rows
from core.jobs.tables import IdempotencyKey, Job
from core.settings import get_settings
from tests.integration.attempts import claim_one, succeed

Put = Callable[..., TestResponse]


@pytest.fixture
def put(client: FlaskClient, api_key: str) -> Put:
    """PUT /v1/jobs/{id} with the account's key."""

    def send(client_id: str, **body: Any) -> TestResponse:
        return client.application.test_client().put(
            f"/v1/jobs/{client_id}", json={"prompt": "a mug"} | body, headers={"Authorization": f"Bearer {api_key}"}
        )

    return send


def test_the_same_id_and_body_is_the_same_job(put: Put) -> None:
    """However many arrive at once, one job is made."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: put("order-4711"), range(16)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    with transaction() as session:
        assert session.execute(select(func.count()).select_from(Job)).scalar_one() == 1


def test_another_body_is_refused(put: Put) -> None:
    """422 with a code of its own, and the first job stays."""
    put("order-4711")
    answer = put("order-4711", prompt="a lamp")

    assert (answer.status_code, answer.get_json(force=True)["code"]) == (422, "client_id_taken")


@pytest.mark.parametrize("client_id", ["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6", "a b", "x" * 101, ".hidden", "a,b"])
def test_an_id_that_cannot_be_one_is_refused(put: Put, client_id: str) -> None:
    """422 that names it; ours are not for clients to give."""
    answer = put(client_id)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json(force=True)["errors"]] == ["job_id"]


@pytest.mark.parametrize("word", ["cancel", "delete"])
def test_an_operation_of_many_jobs_is_no_job(client: FlaskClient, api_key: str, put: Put, word: str) -> None:
    """405 with what the address takes; words that only begin so are ids as any other."""
    headers = {"Authorization": f"Bearer {api_key}"}
    answers = [
        put(word),
        client.get(f"/v1/jobs/{word}", headers=headers),
        client.delete(f"/v1/jobs/{word}", headers=headers),
    ]

    for answer in answers:
        assert (answer.status_code, {*answer.headers["Allow"].split(", ")}) == (405, {"OPTIONS", "POST"})
        assert "it takes POST." in answer.get_json(force=True)["detail"]
    assert client.post(f"/v1/jobs/{word}/cancel", headers=headers).status_code == 404
    assert put(f"{word}-4711").status_code == 202
    assert client.get(f"/v1/jobs/{word}-4711", headers=headers).status_code == 200


def test_the_job_is_read_cancelled_and_deleted_under_it(client: FlaskClient, api_key: str, put: Put) -> None:
    """Its own id and the client's lead to the same job; a deleted one stays deleted for a retry."""
    headers = {"Authorization": f"Bearer {api_key}"}
    job = put("order-4711").get_json()

    assert client.get("/v1/jobs/order-4711", headers=headers).get_json()["id"] == job["id"]
    assert client.post("/v1/jobs/order-4711/cancel", headers=headers).get_json()["status"] == "cancelled"
    assert client.delete("/v1/jobs/order-4711", headers=headers).status_code == 200
    assert client.get("/v1/jobs/order-4711", headers=headers).status_code == 410
    assert put("order-4711").status_code == 410
    assert client.get("/v1/jobs/order-4712", headers=headers).status_code == 404


def test_another_account_has_ids_of_its_own(client: FlaskClient, put: Put, other_account_id: Any) -> None:
    """The same word leads each account to its own job."""
    from core.accounts.manage_keys import issue_api_key

    put("order-4711")
    with transaction() as session:
        pepper = get_settings().api_key_pepper.get_secret_value()
        other = issue_api_key(session, account_id=other_account_id, pepper=pepper)
    headers = {"Authorization": f"Bearer {other}"}

    assert client.get("/v1/jobs/order-4711", headers=headers).status_code == 404


def test_it_is_remembered_as_long_as_its_job(put: Put) -> None:
    """Keys of headers are forgotten after a day; a client's id is, a day after its job's rows are gone."""
    job_id = put("order-4711").get_json()["id"]
    succeed(claim_one())
    with transaction() as session:
        assert prune_idempotency_keys(session, older_than_seconds=1, at_most=10) == 0
    assert put("order-4711").get_json()["id"] == job_id

    with transaction() as session:
        remove_rows(session, [session.scalars(select(Job.id)).one()])
    assert put("order-4711").status_code == 410
    with transaction() as session:
        session.execute(update(IdempotencyKey).values(created_at=func.now() - func.make_interval(0, 0, 0, 2)))
        assert prune_idempotency_keys(session, older_than_seconds=86_400, at_most=10) == 1
    assert put("order-4711").status_code == 202


def test_a_key_of_a_header_is_another_name(put: Put, client: FlaskClient, api_key: str) -> None:
    """An Idempotency-Key and a client's id of the same letters are two things."""
    first = put("order-4711").get_json()["id"]
    headers = {"Authorization": f"Bearer {api_key}", "Idempotency-Key": "order-4711"}

    assert client.post("/v1/jobs", json={"prompt": "a mug"}, headers=headers).get_json()["id"] != first
