"""Pictures leave the bucket on stores of every kind: those that demand checksums, refuse them, or delete one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core.artifacts.keys import build_checkpoint_key, build_input_key
from core.artifacts.storage import bucket
from core.database import transaction
from core.errors import StorageUnavailable
from core.ids import format_id, new_id
from core.settings import get_settings
from infra.local.settings import BUCKET
from tests.integration.attempts import claim_one
from tests.integration.conftest import Submit
from tests.integration.kept import count_rows, finish_one, pass_time
from tests.object_store.conftest import OpenStore
from tests.object_store.strict_store import StrictStore
from worker.maintenance.apply_retention import apply_retention
from worker.maintenance.delete_orphans import delete_orphans

#: Rules of stores, by what is odd about them.
STORES: dict[str, dict[str, Any]] = {
    "demands Content-MD5": {"demands_content_md5": True},
    "refuses checksums that it does not know": {"demands_content_md5": True, "refuses_checksums": True},
    "knows no multi-delete": {"multi_delete_refusal": (501, "NotImplemented")},
    "allows no POST": {"multi_delete_refusal": (405, "MethodNotAllowed")},
    "takes it for a bucket's creation": {"multi_delete_refusal": (400, "InvalidArgument")},
    "finds nothing to delete": {"multi_delete_refusal": (501, "NotImplemented"), "is_missing_delete_404": True},
    "lists in the first way alone": {"knows_second_list": False, "most_keys_listed": 2},
}


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
def store(request: pytest.FixtureRequest, open_store: OpenStore) -> StrictStore:
    """Each of them."""
    store = open_store()
    for name, value in request.param.items():
        setattr(store.rules, name, value)
    return store


#: Deletes a job as its owner does, and returns the receipt.
DeleteJob = Callable[[UUID], dict[str, Any]]


@pytest.fixture
def delete_job(client: FlaskClient, api_key: str, account_id: UUID, submit: Submit) -> DeleteJob:
    """There is a job for the next worker."""
    submit(account_id)

    def delete(job_id: UUID) -> dict[str, Any]:
        answer = client.delete(f"/v1/jobs/{format_id('job', job_id)}", headers={"Authorization": f"Bearer {api_key}"})
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.get_json()
        return receipt

    return delete


def put(*keys: str) -> None:
    for key in keys:
        bucket().put(key, b"pixels", media_type="image/png", sha256="0" * 64)


def list_keys(embedded: Any) -> list[str]:
    """What really lies in the bucket."""
    return [item["Key"] for item in embedded.list_objects(Bucket=BUCKET).get("Contents", [])]


def test_a_deleted_jobs_pictures_leave_the_bucket(store: StrictStore, delete_job: DeleteJob, embedded: Any) -> None:
    """DELETE of a job is completed at once, with all that it ever put there."""
    job_id = finish_one()
    put(*(build_checkpoint_key(job_id=job_id, attempt_number=1, step=step) for step in range(5)))

    receipt = delete_job(job_id)

    assert (receipt["status"], len(receipt["objects"])) == ("completed", 6)
    assert list_keys(embedded) == []


def test_expired_pictures_leave_the_bucket(store: StrictStore, account_id: UUID, submit: Submit, embedded: Any) -> None:
    """Retention deletes images, and later what is left of the job."""
    for _ in range(3):
        submit(account_id)
    job_ids = [finish_one() for _ in range(3)]
    kept = job_ids.pop()
    for job_id in job_ids:
        pass_time(job_id)

    apply_retention()

    assert len(list_keys(embedded)) == 1
    for job_id in (*job_ids, kept):
        pass_time(job_id, "expires_at", "row_expires_at")
    apply_retention()
    apply_retention()
    assert list_keys(embedded) == []
    assert [count_rows(job_id).get("jobs") for job_id in (*job_ids, kept)] == [None] * 3


def test_orphans_leave_the_bucket(
    store: StrictStore, account_id: UUID, submit: Submit, embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no row owns goes when its grace is over: of lost attempts, refused requests and ended jobs."""
    submit(account_id)
    attempt = claim_one()
    put(*(f"artifacts/{format_id('job', attempt.job_id)}/1/{position}.png" for position in range(3)))
    put(*(build_input_key(job_id=new_id(), place="image", extension="png") for _ in range(5)))
    put(*(build_checkpoint_key(job_id=new_id(), attempt_number=1, step=3) for _ in range(5)))
    with transaction() as session:
        session.execute(text("update job_attempts set status = 'expired', finished_at = now() - interval '2 hours'"))

    monkeypatch.setenv("ORPHAN_GRACE_SECONDS", "0")
    get_settings.cache_clear()
    # Times in S3 are of whole seconds.
    time.sleep(1.1)
    delete_orphans()

    assert list_keys(embedded) == []


def test_what_a_store_keeps_is_not_counted_as_deleted(open_store: OpenStore, embedded: Any) -> None:
    """An answer of 200 that names a kept object is an error with its key and reason; the others are gone."""
    store = open_store()
    put("artifacts/a/0.png", "artifacts/a/1.png", "artifacts/a/2.png")
    store.rules.kept = {"artifacts/a/1.png": "AccessDenied"}

    with pytest.raises(StorageUnavailable, match=r"1 of 3 objects.*artifacts/a/1\.png: AccessDenied"):
        bucket().delete_many(["artifacts/a/0.png", "artifacts/a/1.png", "artifacts/a/2.png"])

    assert list_keys(embedded) == ["artifacts/a/1.png"]


def test_what_is_gone_already_counts_as_deleted(open_store: OpenStore) -> None:
    """A store may say of a key that is not there that it does not exist: that is no error."""
    store = open_store()
    store.rules.kept = {"artifacts/a/1.png": "NoSuchKey"}

    bucket().delete_many(["artifacts/a/1.png"])
    store.rules.is_missing_delete_404 = True
    bucket().delete("artifacts/a/1.png")


def test_a_multi_delete_that_is_not_allowed_is_an_error(open_store: OpenStore, embedded: Any) -> None:
    """Keys without the right to delete are refused as such, and no other way is tried."""
    store = open_store()
    put("artifacts/a/0.png")
    store.rules.multi_delete_refusal = (403, "AccessDenied")

    with pytest.raises(StorageUnavailable, match="rights"):
        bucket().delete_many(["artifacts/a/0.png"])

    assert [request.method for request in store.seen if request.method == "DELETE"] == []
    assert list_keys(embedded) == ["artifacts/a/0.png"]


def test_a_store_without_multi_delete_is_asked_once(open_store: OpenStore) -> None:
    """Later deletions go one by one at once."""
    store = open_store()
    store.rules.multi_delete_refusal = (501, "NotImplemented")

    for _ in range(3):
        bucket().delete_many(["artifacts/a/0.png", "artifacts/a/1.png"])

    assert [request.method for request in store.seen].count("POST") == 1
    assert [request.method for request in store.seen].count("DELETE") == 6


def test_every_page_of_a_list_is_read(open_store: OpenStore) -> None:
    """All keys are listed, in order and once, from the one asked for on, by a store with pages of two."""
    store = open_store()
    store.rules.knows_second_list, store.rules.most_keys_listed = False, 2
    keys = [f"inputs/job_{number}/a b+ü.png" for number in range(7)]
    put(*keys)

    assert [key for key, _ in bucket().list_objects("inputs/")] == keys
    assert [key for key, _ in bucket().list_objects("inputs/", start_after=keys[2])] == keys[3:]
    assert [key for key, _ in bucket().list_objects("inputs/", start_after="inputs/job_3")] == keys[3:]


def test_a_list_that_does_not_continue_is_an_error(open_store: OpenStore) -> None:
    """A store that answers every page with its first one is not listed for ever, and not taken to be at its end."""
    store = open_store()
    store.rules.ignores_marker, store.rules.most_keys_listed = True, 2
    put(*(f"inputs/job_{number}/image.png" for number in range(5)))

    with pytest.raises(StorageUnavailable, match="does not continue its list of inputs/"):
        list(bucket().list_objects("inputs/"))
    assert len(store.seen) == 7
