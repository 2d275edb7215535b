"""Checkpoints as objects in the bucket."""

from __future__ import annotations

import hashlib

from core.artifacts.keys import build_checkpoint_key
from core.artifacts.storage import bucket, bucket_in_a_hurry
from core.errors import ObjectMissing
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from worker.rendering.checkpoints.checkpoint import Checkpoint
from worker.rendering.errors import CheckpointRefused


def put_checkpoint(attempt: ClaimedAttempt, checkpoint: Checkpoint) -> StoredCheckpoint:
    """Store the attempt's checkpoint under a key of its own. Raises StorageUnavailable."""
    content = checkpoint.to_bytes()
    key = build_checkpoint_key(job_id=attempt.job_id, attempt_number=attempt.attempt_number, step=checkpoint.step)
    sha256 = hashlib.sha256(content).hexdigest()
    # Few retries: the next checkpoint comes soon, and a worker that shuts down has no time.
    bucket_in_a_hurry().put(key, content, media_type="application/octet-stream", sha256=sha256)
    return StoredCheckpoint(key, sha256, checkpoint.step, checkpoint.steps)


def read_checkpoint(stored: StoredCheckpoint) -> Checkpoint:
    """The stored checkpoint. Raises CheckpointRefused if it is gone or damaged, and StorageUnavailable."""
    try:
        content = bucket().get(stored.storage_key)
    except ObjectMissing as error:
        raise CheckpointRefused("The checkpoint is not there any more.") from error
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise CheckpointRefused("The checkpoint is damaged: it has other bytes than were stored.")
    return Checkpoint.from_bytes(content)
