"""One attempt's checkpoints: it goes on from the latest one, and leaves others behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import structlog

from worker.rendering.checkpoints.checkpoint import Checkpoint
from worker.rendering.checkpoints.latest import LatestCheckpoints
from worker.rendering.checkpoints.policy import CheckpointPolicy
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported

_log = structlog.get_logger()

Result = TypeVar("Result")


class JobCheckpoints:
    """For one attempt of a job. Nothing that is wrong with a checkpoint is the job's end."""

    def __init__(self, latest: LatestCheckpoints, job_id: UUID, *, every_seconds: float) -> None:
        self._latest = latest
        self._job_id = job_id
        self._policy = CheckpointPolicy(every_seconds)

    def resume(self, draw: Callable[[Checkpoint | None], Result]) -> Result:
        """What `draw` gives with the job's latest checkpoint; from the start, where there is none or it is refused."""
        # Once: if this attempt fails for what is in it, the next one is not to fail likewise.
        content = self._latest.take(self._job_id)
        if content is not None:
            try:
                checkpoint = Checkpoint.from_bytes(content)
                _log.info("job_resumed", step=checkpoint.step, steps=checkpoint.steps)
                return draw(checkpoint)
            except CheckpointRefused as error:
                _log.warning("checkpoint_refused", reason=error.message)
        return draw(None)

    def reach_step(self, step: int, steps: int, capture: Callable[[], Checkpoint]) -> None:
        """A step has ended: keep a checkpoint of it when one is due."""
        started_at = time.monotonic()
        if not self._policy.is_due(step, steps, started_at):
            return
        try:
            content = capture().to_bytes()
        except CheckpointUnsupported as error:
            _log.info("checkpoint_unsupported", reason=error.message)
            self._policy = CheckpointPolicy(0)
            return
        self._latest.put(self._job_id, content)
        ended_at = time.monotonic()
        self._policy.record(ended_at, cost_seconds=ended_at - started_at)

    def drop(self) -> None:
        """The job has its pictures."""
        self._latest.take(self._job_id)
