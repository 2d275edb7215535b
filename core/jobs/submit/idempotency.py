"""Idempotency keys, and ids that clients give their jobs: the same one and body lead to the first job again, instead of to a
second one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.artifacts.inputs import InputImage
from core.errors import IdempotencyKeyReused
from core.ids import format_id
from core.jobs.origins.origin import JobOrigin
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest
from core.jobs.tables import IdempotencyKey

#: Begins what is stored of a client's own id; a key in a header holds no blank.
_CLIENT_ID = "id "

#: Keys are forgotten by their age: a client's own id is not, while its job is there.
_FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)


def build_client_key(client_id: str) -> str:
    """The key of a submission to which its client gives an id."""
    return f"{_CLIENT_ID}{client_id}"


def find_client_job(session: Session, *, account_id: UUID, client_id: str) -> UUID | None:
    """The id of the job to which its client gave this id, also if it has been deleted since; None: there is none."""
    return session.execute(
        select(IdempotencyKey.job_id).where(
            IdempotencyKey.account_id == account_id, IdempotencyKey.key == build_client_key(client_id)
        )
    ).scalar_one_or_none()


def take_idempotency_key(
    session: Session, *, account_id: UUID, key: str, request_sha256: bytes, job_id: UUID
) -> UUID | None:
    """Takes the key for `job_id` and returns None, or returns the id of the job that an earlier request with the same key
    and body made. Raises IdempotencyKeyReused when the key came with another body.

    A simultaneous request with the same key waits at the insert until this transaction ends.
    """
    values = {"account_id": account_id, "key": key, "request_sha256": request_sha256, "job_id": job_id}
    if key.startswith(_CLIENT_ID):
        values["created_at"] = _FAR_AHEAD
    taken = session.execute(
        insert(IdempotencyKey).values(values).on_conflict_do_nothing().returning(IdempotencyKey.job_id)
    ).scalar_one_or_none()
    if taken is not None:
        return None

    first = session.get(IdempotencyKey, (account_id, key))
    if first is None:
        # Its time was over between the two statements.
        return take_idempotency_key(
            session, account_id=account_id, key=key, request_sha256=request_sha256, job_id=job_id
        )
    if first.request_sha256 != request_sha256:
        raise IdempotencyKeyReused
    return first.job_id


def digest_request(request: RenderRequest, images: Sequence[InputImage], *, origin: JobOrigin | None = None) -> bytes:
    """The sha256 of what a request asks for: its fields, the bytes of its images, and the job that it repeats or changes."""
    # Without defaults, so that a release that adds a field does not make a retry another request.
    content = request.model_dump(exclude_defaults=True)
    # The ids of images that came with it are new each time; their bytes are what was asked for.
    sent = {format_id("art", image.id): f"sha256:{image.sent_sha256}" for image in images}
    for field in content.keys() & {*IMAGE_FIELDS}:
        given = content[field]
        content[field] = sent.get(given, given) if isinstance(given, str) else [sent.get(each, each) for each in given]
    if origin is not None:
        content["origin"] = [origin.how, format_id("job", origin.job_id)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
