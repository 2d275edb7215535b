"""Where a request is, in the words of fal's queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.job_view import JobView
from core.settings import get_settings
from core.webhook_shapes.fal import OWNER, describe_failure, measure_render


def name_status(job: JobView) -> str:
    """The three words that its clients know: however a request ends, it is completed."""
    if job.status in FINISHED:
        return "COMPLETED"
    is_waiting = job.status == JobStatus.QUEUED or job.queue.reason == "loading_model"
    return "IN_QUEUE" if is_waiting else "IN_PROGRESS"


def show_status(job: JobView, *, with_logs: bool) -> dict[str, Any]:
    """A status. Its clients read `queue_position` and `logs` without asking whether they are there."""
    status = name_status(job)
    shown: dict[str, Any] = {"status": status, "request_id": job.id, **list_urls(job)}
    if status == "IN_QUEUE":
        return shown | {"queue_position": job.queue.position or 0}
    shown |= {"logs": _list_logs(job) if with_logs else None}
    if status == "IN_PROGRESS":
        return shown
    described = job.model_dump(mode="json")
    failure = describe_failure(described)
    errors = {} if failure is None else {"error": failure.message, "error_type": failure.type}
    return shown | {"metrics": {"inference_time": measure_render(described)}} | errors


def build_log(message: str, at: datetime) -> dict[str, str]:
    """A line of a log."""
    return {"message": message, "level": "INFO", "source": "USER", "timestamp": at.isoformat()}


def list_urls(job: JobView) -> dict[str, str]:
    """The addresses of a request."""
    base = f"{get_settings().public_url}/fal/{OWNER}/{job.model}/requests/{job.id}"
    return {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}


def _list_logs(job: JobView) -> list[dict[str, str]]:
    started_at = job.started_at or job.created_at
    return [
        *(build_log(warning, job.created_at) for warning in job.warnings),
        build_log(f"step {job.progress.step} of {job.progress.steps}", job.finished_at or started_at),
    ]
