"""A job as RunPod shows it: in its answers, and in its webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.artifacts.capability import build_output_link
from core.jobs.failures import FailureCode
from core.jobs.status import JobStatus

#: A deadline that has passed is TIMED_OUT.
STATUS = {
    JobStatus.QUEUED: "IN_QUEUE",
    JobStatus.RUNNING: "IN_PROGRESS",
    JobStatus.SUCCEEDED: "COMPLETED",
    JobStatus.FAILED: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
}

_LATE = frozenset({FailureCode.START_DEADLINE_EXCEEDED, FailureCode.DEADLINE_EXCEEDED})


def show_runpod_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """The job's state, its times in milliseconds, and its output. `job` is as the API shows it, JSON-ready."""
    output = _show_output(job)
    return {
        "id": job["id"],
        "status": name_status(job),
        **_measure(job),
        "progress": job["progress"],
        **({} if output is None else {"output": output}),
        **({"error": output["error"]} if output is not None and "error" in output else {}),
    }


def name_status(job: Mapping[str, Any]) -> str:
    """Where the job is. One that is going to stop at its next step cannot succeed any more, and is CANCELLED."""
    status = JobStatus(job["status"])
    if status == JobStatus.RUNNING and job["cancel_requested_at"] is not None:
        return STATUS[JobStatus.CANCELLED]
    return "TIMED_OUT" if (job["failure"] or {}).get("code") in _LATE else STATUS[status]


def _show_output(job: Mapping[str, Any]) -> dict[str, Any] | None:
    """What has come of the job; None: it has not ended. An error is an output as well: the client's `run_sync` returns nothing else."""
    if job["failure"] is not None:
        return {"error": job["failure"]["message"], **{name: job["failure"][name] for name in ("code", "retryable")}}
    if job["status"] == JobStatus.CANCELLED:
        return {"error": "The job was cancelled.", "code": "cancelled", "retryable": False}
    if job["status"] != JobStatus.SUCCEEDED:
        return None
    shown = [output for output in job["outputs"] if output["id"] is not None]
    links = [build_output_link(output["id"], output["media_type"]) for output in shown]
    return {
        "images": links,
        "image_url": next(iter(links), None),
        "seed": next((output["seed"] for output in shown), None),
        "seeds": [output["seed"] for output in shown],
        "warnings": job["warnings"],
    }


def _measure(job: Mapping[str, Any]) -> dict[str, int]:
    """How long it waited, and was worked on, as far as either has begun."""
    if job["timings"] is not None:
        return {
            "delayTime": job["timings"]["queue_ms"],
            "executionTime": job["timings"]["render_ms"] + (job["timings"]["upload_ms"] or 0),
        }
    created, started, finished = (_read_time(job[name]) for name in ("created_at", "started_at", "finished_at"))
    until = started or finished
    return {} if created is None or until is None else {"delayTime": round((until - created).total_seconds() * 1000)}


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
