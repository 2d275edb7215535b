"""What a model's components can be used for: pipelines for tasks, and schedulers by name."""

from __future__ import annotations

from worker.rendering.pipelines.arguments import build_arguments, read_facts
from worker.rendering.pipelines.refusals import find_refusal
from worker.rendering.pipelines.schedulers import allowed_schedulers, build_scheduler
from worker.rendering.pipelines.task_pipelines import build_pipeline
from worker.rendering.pipelines.unused import list_unused

__all__ = [
    "allowed_schedulers",
    "build_arguments",
    "build_pipeline",
    "build_scheduler",
    "find_refusal",
    "list_unused",
    "read_facts",
]
