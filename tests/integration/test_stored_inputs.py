"""Pictures that came with a request, in the object store: there once, as long as their job, and whatever happens to them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from core.artifacts import storage
from core.artifacts.storage import bucket
from core.database import transaction
from core.errors import ObjectMissing, StorageUnavailable
from core.ids import parse_id
from core.jobs.audit.invariants import list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import cancel, claim_one, count_jobs
from tests.integration.conftest import Post
from tests.integration.input_pictures import count_stored, load_pictures, stored_for
from tests.unit.pictures import encode, picture, png_uri
from worker.maintenance.delete_orphans import delete_orphans
from worker.rendering.errors import RequestRefused


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address where no object store listens."""
    clients = (storage.bucket, storage.bucket_in_a_hurry, storage._link_signer, storage._session)

    def forget() -> None:
        get_settings.cache_clear()
        for client in clients:
            client.cache_clear()

    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
    forget()
    yield
    monkeypatch.undo()
    forget()


def test_the_same_bytes_are_the_same_request(servers: LocalStack, post: Post) -> None:
    """With an Idempotency-Key, the same image gives the first job and leaves no second object; another one is 422."""
    order = {"prompt": "a mug", "image": png_uri(colour="red")}
    first = post(order, **{"Idempotency-Key": "order-1"})
    before = count_stored()

    again = post(order, **{"Idempotency-Key": "order-1"})
    other = post({**order, "image": png_uri(colour="blue")}, **{"Idempotency-Key": "order-1"})

    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (202, 202, "true")
    assert (again.get_json()["id"], again.get_json()["inputs"][0]["id"]) == (
        first.get_json()["id"],
        first.get_json()["inputs"][0]["id"],
    )
    assert (other.status_code, other.get_json(force=True)["code"]) == (422, "idempotency_key_reused")
    assert count_stored() == before
    assert count_jobs() == 1


def test_a_dead_store_stops_only_jobs_with_images(no_store: None, post: Post) -> None:
    """While the object store is away, a job with an image gets 503 with Retry-After; others are accepted."""
    with_image = post({"prompt": "a mug", "image": png_uri()}, **{"Idempotency-Key": "order-1"})
    without = post({"prompt": "a mug"})

    assert (with_image.status_code, with_image.get_json(force=True)["code"]) == (503, "storage_unavailable")
    assert int(with_image.headers["Retry-After"]) > 0
    assert without.status_code == 202
    assert count_jobs() == 1


def test_a_store_that_is_back_takes_the_same_request(servers: LocalStack, post: Post) -> None:
    """A 503 does not use up the Idempotency-Key."""
    assert post({"prompt": "a", "image": png_uri()}, **{"Idempotency-Key": "k"}).status_code == 202


def test_lost_inputs_are_told_apart(servers: LocalStack, post: Post) -> None:
    """An own input that the store lost or changed is the store's failure; an artifact that went is the request's."""
    job = post({"prompt": "a mug", "image": png_uri()}).get_json()
    post({"prompt": "a mug", "image": job["inputs"][0]["id"]})
    own, [key] = claim_one(), stored_for(job)

    bucket().put(key, encode(picture(colour="green")), media_type="image/png", sha256="0" * 64)
    with pytest.raises(StorageUnavailable, match="other bytes"):
        load_pictures(own)

    bucket().delete(key)
    with pytest.raises(ObjectMissing):
        load_pictures(own)

    with transaction() as session:
        session.execute(text("delete from artifacts"))
    with pytest.raises(RequestRefused, match="not there any more"):
        load_pictures(claim_one())


def test_verify_looks_at_inputs(servers: LocalStack, account_id: UUID, post: Post) -> None:
    """`darkroom-admin verify` finds an input that is missing, changed or nobody's, and a job whose input has no row."""
    job = post({"prompt": "a mug", "image": png_uri()}).get_json()
    [key] = stored_for(job)

    def found() -> set[str]:
        with transaction() as session:
            digests = read_digests(session)
            broken = {violation.rule for violation in list_violations(session)}
        violations = list_object_violations(digests, orphan_grace_seconds=-60)
        return broken | {violation.rule for violation in violations if job["id"] in violation.subject}

    assert found() == set()
    bucket().delete(key)
    assert found() == {"every image lies in the bucket"}
    bucket().put(key, b"other", media_type="image/png", sha256="0" * 64)
    assert found() == {"every image has the bytes that were rendered or sent"}
    with transaction() as session:
        session.execute(text("delete from artifacts"))
    assert found() == {
        "no object without an owner outlives the grace",
        "the images that a job starts from are there, and of its own account",
    }
    job_id = parse_id("job", job["id"])
    assert job_id is not None
    cancel(account_id, job_id)
    assert found() == {"no object without an owner outlives the grace"}


def test_inputs_of_no_job_are_swept_up(servers: LocalStack, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input whose job was never committed goes after the grace; those of jobs stay."""
    kept = post({"prompt": "a mug", "image": png_uri()}).get_json()
    lost = kept["id"][:-4] + "dead"
    bucket().put(f"inputs/{lost}/image.png", b"bytes", media_type="image/png", sha256="0" * 64)

    delete_orphans()
    assert len(stored_for({"id": lost})) == 1, "the grace is not over"
    monkeypatch.setenv("ORPHAN_GRACE_SECONDS", "0")
    get_settings.cache_clear()
    try:
        delete_orphans()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()

    assert (stored_for({"id": lost}), len(stored_for(kept))) == ([], 1)
