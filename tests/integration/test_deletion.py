"""`DELETE /v1/jobs/{id}` is real, and leaves a receipt."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

import api.jobs.delete_job as operation
from core.accounts.manage_keys import issue_api_key
from core.artifacts.keys import build_checkpoint_key
from core.artifacts.storage import bucket
from core.database import transaction
from core.errors import InvalidRequest, JobInUse, StorageUnavailable
from core.ids import format_id, parse_id
from core.jobs.retention.delete_job import carry_out_deletion, request_deletion
from core.jobs.retention.tables import Deletion
from core.settings import get_settings
from core.webhooks.claim_delivery import claim_delivery
from core.webhooks.record_attempt import AttemptOutcome, record_attempt
from infra.local import LocalStack
from tests.integration.attempts import cancel, claim_one
from tests.integration.conftest import Post, Submit
from tests.integration.kept import count_rows, finish_one, list_stored, pass_time, show, violations_of
from tests.integration.receivers import add_endpoint
from tests.unit.pictures import png_uri
from worker.maintenance.apply_retention import apply_retention

Call = Callable[..., TestResponse]


@pytest.fixture
def call(client: FlaskClient, api_key: str) -> Call:
    """Call the API with the account's key."""

    def send(method: str, path: str, key: str = api_key) -> TestResponse:
        return client.open(path, method=method, headers={"Authorization": f"Bearer {key}"})

    return send


@pytest.fixture
def other_key(other_account_id: UUID) -> str:
    """A key of another account."""
    with transaction() as session:
        return issue_api_key(
            session, account_id=other_account_id, pepper=get_settings().api_key_pepper.get_secret_value()
        )


def send(post: Post, **body: Any) -> UUID:
    job_id = parse_id("job", post({"prompt": "a secret mug", **body}).get_json()["id"])
    assert job_id is not None
    return job_id


def path_of(job_id: UUID) -> str:
    return f"/v1/jobs/{format_id('job', job_id)}"


def code_of(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json(force=True)["code"]


def request_again(account_id: UUID, job_id: UUID) -> Deletion:
    with transaction() as session:
        return request_deletion(session, account_id=account_id, job_id=job_id, api_key_id="key", request_id="req_test")


def test_a_deleted_job_is_gone_and_its_receipt_says_what_was(
    servers: LocalStack, post: Post, call: Call, api_key: str
) -> None:
    """Image, input, a lost attempt's upload and a checkpoint leave the bucket, all rows go but the usage; the receipt
    has each key with its sha256, the API key that asked, and nothing of the prompt.
    """
    job_id = send(post, image=png_uri(64, 64))
    finish_one()
    left = [
        build_checkpoint_key(job_id=job_id, attempt_number=1, step=3),
        f"artifacts/{format_id('job', job_id)}/7/0.png",
    ]
    for key in left:
        bucket().put(key, b"left", media_type="image/png", sha256=hashlib.sha256(b"left").hexdigest())
    stored = list_stored(job_id)

    response = call("DELETE", path_of(job_id))

    receipt = response.get_json()
    assert response.status_code == 200, response.text
    assert (receipt["status"], receipt["job_id"]) == ("completed", format_id("job", job_id))
    assert receipt["api_key_id"] == api_key[3:15]
    assert sorted(item["key"] for item in receipt["objects"]) == sorted(stored)
    assert all(item["deleted_at"] for item in receipt["objects"])
    assert {item["kind"]: item["sha256"] is not None for item in receipt["objects"]} == {
        "input": True,
        "output": True,
        None: False,
    }
    assert "secret" not in response.text
    assert list_stored(job_id) == []
    assert count_rows(job_id) == {"usage_records": 1}
    assert violations_of(job_id) == []


def test_a_deleted_job_answers_410_with_its_receipt(servers: LocalStack, post: Post, call: Call) -> None:
    """Reading, cancelling and previewing say that it was deleted; deleting again gives the same receipt."""
    job_id = send(post)
    finish_one()
    receipt = call("DELETE", path_of(job_id)).get_json()

    for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/preview")):
        response = call(method, path_of(job_id) + path)
        assert code_of(response) == (410, "job_deleted")
        assert receipt["id"] in response.get_json(force=True)["detail"]
    assert call("DELETE", path_of(job_id)).get_json() == receipt
    assert call("GET", f"/v1/deletions/{receipt['id']}").get_json() == receipt
    assert call("GET", "/v1/jobs").get_json()["data"] == []


def test_receipts_are_listed_in_pages(servers: LocalStack, post: Post, call: Call) -> None:
    """Newest first, and only the account's own."""
    ids = []
    for _ in range(3):
        job_id = send(post)
        finish_one()
        ids.append(call("DELETE", path_of(job_id)).get_json()["id"])

    first = call("GET", "/v1/deletions?limit=2").get_json()
    second = call("GET", f"/v1/deletions?limit=2&cursor={first['next_cursor']}").get_json()

    assert [item["id"] for item in first["data"] + second["data"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert call("GET", "/v1/deletions?cursor=x").status_code == 422


def test_another_account_neither_deletes_nor_sees(servers: LocalStack, post: Post, call: Call, other_key: str) -> None:
    """For another account DELETE is 404 and changes nothing; so are the receipt and the deleted job."""
    job_id = send(post)
    finish_one()
    assert code_of(call("DELETE", path_of(job_id), other_key)) == (404, "job_not_found")
    assert len(list_stored(job_id)) == 1
    receipt = call("DELETE", path_of(job_id)).get_json()

    assert code_of(call("GET", f"/v1/deletions/{receipt['id']}", other_key)) == (404, "deletion_not_found")
    assert code_of(call("GET", path_of(job_id), other_key)) == (404, "job_not_found")
    assert code_of(call("DELETE", path_of(job_id), other_key)) == (404, "job_not_found")
    assert call("GET", "/v1/deletions", other_key).get_json()["data"] == []


def test_what_has_not_ended_is_to_be_cancelled_first(
    servers: LocalStack, post: Post, call: Call, account_id: UUID
) -> None:
    """A waiting and a running job are 409 and go on; a cancelled one can be deleted."""
    running, queued = send(post), send(post)
    claim_one()
    for job_id in (running, queued):
        assert code_of(call("DELETE", path_of(job_id))) == (409, "job_not_finished")
    cancel(account_id, queued)

    assert call("DELETE", path_of(queued)).status_code == 200
    assert show(account_id, running).status == "running"


def test_what_another_job_starts_from_is_kept(servers: LocalStack, post: Post, call: Call, account_id: UUID) -> None:
    """409 names the job that has to end first."""
    source = send(post)
    finish_one()
    user = send(post, image=show(account_id, source).outputs[0].id)

    refused = call("DELETE", path_of(source))
    assert code_of(refused) == (409, "job_in_use")
    assert format_id("job", user) in refused.get_json(force=True)["detail"]
    finish_one()

    assert call("DELETE", path_of(source)).status_code == 200
    assert show(account_id, user).inputs == []
    assert violations_of(source, user) == []


def test_a_submit_that_names_an_image_holds_off_its_deletion(
    servers: LocalStack, account_id: UUID, submit: Submit
) -> None:
    """Whichever comes first wins: the job gets its image, or the submit is refused."""
    for _ in range(6):
        submit(account_id)
        source = finish_one()
        image = show(account_id, source).outputs[0].id
        assert image is not None
        outcomes: dict[str, bool] = {}
        start = threading.Barrier(2)

        def order(outcomes: dict[str, bool] = outcomes, image: str = image, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                outcomes["submit"] = bool(submit(account_id, image=image))
            except InvalidRequest:
                outcomes["submit"] = False

        thread = threading.Thread(target=order)
        thread.start()
        start.wait()
        try:
            request_again(account_id, source)
            outcomes["delete"] = True
        except JobInUse:
            outcomes["delete"] = False
        thread.join()

        assert outcomes["submit"] != outcomes["delete"]
        assert violations_of() == []
        if outcomes["submit"]:
            finish_one()


def test_a_key_of_a_deleted_job_draws_nothing_again(servers: LocalStack, post: Post, call: Call) -> None:
    """A late retry with the Idempotency-Key is 410 and makes no job."""
    key = {"Idempotency-Key": "once"}
    first = post({"prompt": "a mug"}, **key).get_json()
    finish_one()
    call("DELETE", f"/v1/jobs/{first['id']}")

    assert code_of(post({"prompt": "a mug"}, **key)) == (410, "job_deleted")
    assert code_of(post({"prompt": "a lamp"}, **key)) == (422, "idempotency_key_reused")
    assert call("GET", "/v1/jobs").get_json()["data"] == []


def test_a_store_that_is_away_is_taken_up_later(
    servers: LocalStack, post: Post, call: Call, account_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 with a pending receipt, and nobody can read the job; the next run of the retention completes it."""
    job_id = send(post)
    finish_one()

    def refuse(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(operation, "carry_out_deletion", refuse)
    response = call("DELETE", path_of(job_id))
    receipt = response.get_json()
    assert (response.status_code, receipt["status"]) == (202, "pending")
    assert code_of(call("GET", path_of(job_id))) == (410, "job_deleted")
    assert call("GET", "/v1/jobs").get_json()["data"] == []
    assert violations_of() == []

    with transaction() as session:
        session.execute(text("update deletions set requested_at = now() - interval '2 minutes'"))
    apply_retention()

    receipt = call("GET", f"/v1/deletions/{receipt['id']}").get_json()
    assert receipt["status"] == "completed"
    assert [item["deleted_at"] for item in receipt["objects"]] == [receipt["completed_at"]]
    assert list_stored(job_id) == []
    assert violations_of(job_id) == []


def test_an_expired_job_can_be_deleted(servers: LocalStack, post: Post, call: Call) -> None:
    """The receipt names the images that had expired before."""
    job_id = send(post)
    finish_one()
    pass_time(job_id)
    apply_retention()

    receipt = call("DELETE", path_of(job_id)).get_json()

    assert [item["kind"] for item in receipt["objects"]] == ["output"]
    assert violations_of(job_id) == []


def test_what_a_lost_worker_uploads_later_is_swept_up(
    servers: LocalStack, post: Post, call: Call, account_id: UUID
) -> None:
    """After the grace period the folders of a deleted job are emptied once more."""
    job_id = send(post)
    finish_one()
    call("DELETE", path_of(job_id))
    bucket().put(f"artifacts/{format_id('job', job_id)}/1/0.png", b"late", media_type="image/png", sha256="0" * 64)
    apply_retention()
    assert len(list_stored(job_id)) == 1

    with transaction() as session:
        session.execute(text("update deletions set completed_at = completed_at - interval '61 minutes'"))
    apply_retention()

    assert list_stored(job_id) == []


def test_a_webhook_under_way_does_not_mind(servers: LocalStack, account_id: UUID, submit: Submit) -> None:
    """A job is deleted between the claim of a webhook and its outcome: nothing is recorded, and nothing fails."""
    add_endpoint(account_id, "https://example.com/")
    submit(account_id)
    job_id = finish_one()
    with transaction() as session:
        claimed = claim_delivery(session, timeout_seconds=15)
    assert claimed is not None

    deletion = request_again(account_id, job_id)
    carry_out_deletion(deletion.id, job_id=job_id, bucket=bucket())
    with transaction() as session:
        status = record_attempt(
            session, claimed=claimed, outcome=AttemptOutcome(status_code=200, duration_ms=5), random=0.5
        )
        assert status is None
        assert session.scalars(select(Deletion.job_id)).all() == [job_id]
    assert count_rows(job_id) == {"usage_records": 1}
