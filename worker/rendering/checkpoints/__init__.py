"""Checkpoint and resume: a render continues in another process, through the unmodified pipeline."""

from __future__ import annotations

from worker.rendering.checkpoints.checkpoint import Checkpoint
from worker.rendering.checkpoints.job_checkpoints import JobCheckpoints
from worker.rendering.checkpoints.journal import Journal, open_journal
from worker.rendering.checkpoints.writer import CheckpointWriter

__all__ = ["Checkpoint", "CheckpointWriter", "JobCheckpoints", "Journal", "open_journal"]
