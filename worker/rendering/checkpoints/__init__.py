"""Checkpoint and resume: what it takes to go on with a render in another process, through the unmodified pipeline."""

from __future__ import annotations

from worker.rendering.checkpoints.checkpoint import Checkpoint
from worker.rendering.checkpoints.journal import Journal
from worker.rendering.checkpoints.policy import CheckpointPolicy
from worker.rendering.checkpoints.subject import Subject, describe_subject
from worker.rendering.checkpoints.unsupported import why_not_resumable

__all__ = ["Checkpoint", "CheckpointPolicy", "Journal", "Subject", "describe_subject", "why_not_resumable"]
