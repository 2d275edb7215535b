"""Idempotency keys: the same key and body lead to the first job again, instead of to a second one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.artifacts.inputs import InputImage
from core.errors import IdempotencyKeyReused
from core.ids import format_id
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest
from core.jobs.tables import IdempotencyKey


def take_idempotency_key(
    session: Session, *, account_id: UUID, key: str, request_sha256: bytes, job_id: UUID
) -> UUID | None:
    """Takes the key for `job_id` and returns None, or returns the id of the job that an earlier request with the same key
    and body made. Raises IdempotencyKeyReused when the key came with another body.

    A simultaneous request with the same key waits at the insert until this transaction ends.
    """
    taken = session.execute(
        insert(IdempotencyKey)
        .values(account_id=account_id, key=key, request_sha256=request_sha256, job_id=job_id)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.job_id)
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


def digest_request(request: RenderRequest, images: Sequence[InputImage]) -> bytes:
    """The sha256 of what a request asks for: its fields and the bytes of its images."""
    # Without defaults, so that a release that adds a field does not make a retry another request.
    content = request.model_dump(exclude_defaults=True)
    # The ids of images that came with it are new each time; their bytes are what was asked for.
    sent = {format_id("art", image.id): f"sha256:{image.sent_sha256}" for image in images}
    for field in content.keys() & {*IMAGE_FIELDS}:
        given = content[field]
        content[field] = sent.get(given, given) if isinstance(given, str) else [sent.get(each, each) for each in given]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
