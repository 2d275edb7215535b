"""One attempt's checkpoints: it resumes from an earlier attempt's, and stores its own in the bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

import structlog

from core.artifacts.storage import bucket_in_a_hurry
from core.errors import StorageUnavailable
from core.ids import format_id
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from worker.rendering.checkpoints.checkpoint import Checkpoint
from worker.rendering.checkpoints.policy import CheckpointPolicy
from worker.rendering.checkpoints.store import put_checkpoint, read_checkpoint
from worker.rendering.checkpoints.writer import CheckpointWriter
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported

Result = TypeVar("Result")


class Lease(Protocol):
    """Records in the attempt's row, while the attempt holds its job, which checkpoint is the job's."""

    #: The checkpoint that a row names; an earlier attempt's, until this attempt has one of its own.
    named_checkpoint: StoredCheckpoint | None

    def name_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Record it as soon as possible."""


class JobCheckpoints:
    """The checkpoints of one attempt. An error with a checkpoint never fails the job.

    The job's thread makes checkpoints, the writer's thread stores them in the bucket, and the lease's thread records which
    one is the job's. An object is deleted only after a row names a later one.
    """

    def __init__(
        self, attempt: ClaimedAttempt, lease: Lease, writer: CheckpointWriter, *, every_seconds: float
    ) -> None:
        self._attempt = attempt
        self._lease = lease
        self._writer = writer
        self._policy = CheckpointPolicy(every_seconds)
        self._last: Checkpoint | None = None
        self._handed_back: StoredCheckpoint | None = None
        #: Guards the fields below: one checkpoint is stored at a time.
        self._storing = threading.Lock()
        self._stored: StoredCheckpoint | None = None
        #: The keys of objects that may be in the bucket, from the oldest to the newest.
        self._keys = [] if attempt.checkpoint is None else [attempt.checkpoint.storage_key]
        # The writer's thread has no context of its own.
        self._log = structlog.get_logger().bind(
            job_id=format_id("job", attempt.job_id), attempt_number=attempt.attempt_number
        )

    def resume(self, draw: Callable[[Checkpoint | None], Result]) -> Result:
        """The result of `draw` with an earlier attempt's checkpoint; with None if there is no checkpoint or it is refused."""
        try:
            checkpoint = self._read()
            if checkpoint is not None:
                self._log.info("job_resumed", step=checkpoint.step, steps=checkpoint.steps)
                return draw(checkpoint)
        except CheckpointRefused as error:
            self._log.warning("checkpoint_refused", reason=error.message)
        return draw(None)

    def reach_step(self, step: int, steps: int, capture: Callable[[], Checkpoint]) -> None:
        """A step has ended: if a checkpoint is due, make one and have it stored."""
        started_at = monotonic()
        if not self._policy.is_due(step, steps, started_at):
            return
        checkpoint = self._capture(capture)
        if checkpoint is None:
            self._policy = CheckpointPolicy(float("inf"))
            return
        self._writer.submit(self._attempt.id, partial(self._store, checkpoint))
        ended_at = monotonic()
        self._policy.record(ended_at, cost_seconds=ended_at - started_at)

    def stop_at_step(self, capture: Callable[[], Checkpoint]) -> None:
        """The job is about to be handed back at the end of this step."""
        self._last = self._capture(capture)

    def hand_back(self) -> StoredCheckpoint | None:
        """Store the checkpoint of the step that the job was stopped at, and return it: the next attempt resumes from it.

        Waits for the bucket. If the bucket does not accept it, returns the latest that is stored.
        """
        if self._last is not None:
            self._store(self._last)
        with self._storing:
            self._handed_back = self._stored
        return self._handed_back

    def close(self, *, is_finished: bool) -> None:
        """The attempt is over, and its outcome is recorded. If the job has ended, all its checkpoints are deleted; if it will
        be tried again, the one that a row names is kept.
        """
        if self._handed_back is not None:
            self._lease.named_checkpoint = self._handed_back
        if self._keys:
            self._writer.submit(self._attempt.id, self._delete_all if is_finished else self._delete_superseded)

    def _read(self) -> Checkpoint | None:
        stored = self._attempt.checkpoint
        try:
            return None if stored is None else read_checkpoint(stored)
        except StorageUnavailable as error:
            raise CheckpointRefused(error.message) from error

    def _capture(self, capture: Callable[[], Checkpoint]) -> Checkpoint | None:
        try:
            return capture()
        except CheckpointUnsupported as error:
            self._log.info("checkpoint_unsupported", reason=error.message)
            return None

    def _store(self, checkpoint: Checkpoint) -> None:
        with self._storing:
            if self._stored is not None and checkpoint.step <= self._stored.step:
                return
            try:
                self._stored = put_checkpoint(self._attempt, checkpoint)
            except StorageUnavailable as error:
                self._log.warning("checkpoint_not_stored", step=checkpoint.step, error=error.message)
                return
            self._keys.append(self._stored.storage_key)
            self._lease.name_checkpoint(self._stored)
        self._delete_superseded()

    def _delete_superseded(self) -> None:
        named = self._lease.named_checkpoint
        with self._storing:
            if named is None or named.storage_key not in self._keys:
                return
            newest = self._keys.index(named.storage_key)
            superseded, self._keys = self._keys[:newest], self._keys[newest:]
        self._delete(superseded)

    def _delete_all(self) -> None:
        with self._storing:
            keys, self._keys = self._keys, []
        self._delete(keys)

    def _delete(self, keys: list[str]) -> None:
        try:
            for key in keys:
                bucket_in_a_hurry().delete(key)
        except StorageUnavailable as error:
            # The clean-up of the bucket tries again.
            self._log.warning("checkpoints_not_deleted", error=error.message)
