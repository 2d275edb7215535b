"""The bucket, on a real S3 server."""

from __future__ import annotations

import hashlib
from uuid import UUID

import boto3
import httpx2
import pytest
from sqlalchemy import text

from core.artifacts.keys import build_attempt_prefix
from core.artifacts.storage import bucket, sign_download
from core.database import transaction
from core.jobs.outcomes.rescue import rescue_expired
from infra.local import LocalStack
from tests.integration.attempts import claim_one, expire_lease, succeed
from tests.integration.conftest import Submit
from worker.maintenance.delete_orphans import delete_orphans

BODY = b"the bytes of an image"
DIGEST = hashlib.sha256(BODY).hexdigest()


def test_what_is_put_can_be_fetched_by_a_signed_link(servers: LocalStack) -> None:
    """The bytes, the media type and the sha256 in the metadata are those that were put."""
    bucket().put("artifacts/test/1/0.png", BODY, media_type="image/png", sha256=DIGEST)

    url, expires_at = sign_download("artifacts/test/1/0.png")
    response = httpx2.get(url)

    assert response.content == BODY
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-amz-meta-sha256"] == DIGEST
    assert expires_at.tzinfo is not None


def test_what_abandoned_attempts_left_is_deleted(
    servers: LocalStack, account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects of an expired attempt go after the grace, the winner's stay, and a second clean-up finds nothing."""
    submit(account_id)
    loser = claim_one()
    expire_lease(loser)
    with transaction() as session:
        rescue_expired(session)
    winner = claim_one()
    prefixes = [
        build_attempt_prefix(job_id=attempt.job_id, attempt_number=attempt.attempt_number)
        for attempt in (loser, winner)
    ]
    for prefix in prefixes:
        bucket().put(f"{prefix}0.png", BODY, media_type="image/png", sha256=DIGEST)
    succeed(winner)

    delete_orphans()
    assert [_count(servers, prefix) for prefix in prefixes] == [1, 1], "the grace is not over"

    with transaction() as session:
        session.execute(text("update job_attempts set finished_at = now() - interval '2 hours'"))
    delete_orphans()

    assert [_count(servers, prefix) for prefix in prefixes] == [0, 1]
    with transaction() as session:
        marked = session.scalars(text("select id from job_attempts where objects_deleted_at is not null")).all()
    assert marked == [loser.id]


def test_deleting_a_prefix_touches_nothing_beside_it(servers: LocalStack) -> None:
    """Attempt 1's folder is not attempt 10's."""
    for key in ("artifacts/p/1/0.png", "artifacts/p/1/1.png", "artifacts/p/10/0.png"):
        bucket().put(key, BODY, media_type="image/png", sha256=DIGEST)

    assert len(bucket().delete_prefix("artifacts/p/1/")) == 2

    assert _count(servers, "artifacts/p/10/") == 1
    assert bucket().delete_prefix("artifacts/p/1/") == []


def _count(servers: LocalStack, prefix: str) -> int:
    environment = servers.environment
    client = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        region_name=environment["S3_REGION"],
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
    )
    listed = client.list_objects_v2(Bucket=environment["S3_BUCKET"], Prefix=prefix)
    client.close()
    return len(listed.get("Contents", []))
