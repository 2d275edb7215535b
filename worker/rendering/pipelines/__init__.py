"""What a model's components can be used for: pipelines for tasks, and schedulers by name."""

from __future__ import annotations

from worker.rendering.pipelines.refusals import find_refusal
from worker.rendering.pipelines.schedulers import allowed_schedulers, build_scheduler
from worker.rendering.pipelines.strength import settle_strength
from worker.rendering.pipelines.task_pipelines import build_pipeline, control_argument
from worker.rendering.pipelines.unused import list_unused

__all__ = [
    "allowed_schedulers",
    "build_pipeline",
    "build_scheduler",
    "control_argument",
    "find_refusal",
    "list_unused",
    "settle_strength",
]
