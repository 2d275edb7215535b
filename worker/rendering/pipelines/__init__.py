"""What a model's components can be used for: pipelines for tasks, and schedulers by name."""

from __future__ import annotations

from worker.rendering.pipelines.schedulers import allowed_schedulers, build_scheduler
from worker.rendering.pipelines.task_pipelines import build_pipeline, control_argument

__all__ = ["allowed_schedulers", "build_pipeline", "build_scheduler", "control_argument"]
