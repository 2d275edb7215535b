"""A job as a prediction of Replicate's: what its API answers, and what its webhooks send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from core.artifacts.capability import build_output_link
from core.jobs.failures import FailureCode
from core.jobs.status import FINISHED, JobStatus
from core.settings import get_settings

#: The owner of every model there.
OWNER = "darkroom"

#: Its clients check the words, and know no others.
_STATUS = {
    JobStatus.QUEUED: "starting",
    JobStatus.RUNNING: "processing",
    JobStatus.SUCCEEDED: "succeeded",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "canceled",
}

#: Failures that are `canceled` there: a prediction whose deadline has passed.
_LATE = frozenset({FailureCode.START_DEADLINE_EXCEEDED, FailureCode.DEADLINE_EXCEEDED})

#: Characters of the bar in a line of progress.
_BAR = 10


def show_prediction(job: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the prediction for a job as the API shows it, JSON-ready. Its outputs are addresses on our own host that need no key."""
    failure = job["failure"]
    outputs = [output for output in job["outputs"] if output["id"] is not None]
    there = [output for output in outputs if output["deleted_at"] is None]
    return {
        "id": job["id"],
        "model": f"{OWNER}/{job['model']}",
        "version": "hidden",
        "status": name_status(job),
        "input": job["request"],
        "output": [build_output_link(output["id"], output["media_type"]) for output in there] or None,
        "logs": "".join(f"{line}\n" for line in _list_log(job)),
        "error": None if failure is None else f"{failure['code']}: {failure['message']}",
        "metrics": _measure(job),
        "created_at": job["created_at"],
        "started_at": job["started_at"],
        "completed_at": job["finished_at"],
        "deadline": job["deadline_at"],
        "deployment": None,
        "source": "api",
        "data_removed": bool(outputs) and not there,
        "urls": _list_urls(job["id"]),
    }


def name_status(job: Mapping[str, Any]) -> str:
    """Where the job is."""
    if job["failure"] is not None and job["failure"]["code"] in _LATE:
        return "canceled"
    is_loading = job["queue"]["reason"] == "loading_model"
    return _STATUS[JobStatus.QUEUED if is_loading else JobStatus(job["status"])]


def write_progress(step: int, steps: int) -> str:
    """Returns a line of tqdm's, which its clients read the progress from."""
    part = min(1.0, step / max(1, steps))
    return f"{round(100 * part):3d}%|{'█' * round(_BAR * part):<{_BAR}}| {step}/{steps}"


def _list_log(job: Mapping[str, Any]) -> Iterator[str]:
    seed = job["request"].get("seed", job["outputs"][0]["seed"] if job["outputs"] else None)
    if seed is not None:
        yield f"Using seed: {seed}"
    yield from job["warnings"]
    if job["started_at"] is not None:
        yield write_progress(job["progress"]["step"], job["progress"]["steps"])


def _measure(job: Mapping[str, Any]) -> dict[str, Any]:
    if job["status"] not in FINISHED or job["timings"] is None:
        return {}
    times = [datetime.fromisoformat(job[name]) for name in ("created_at", "finished_at")]
    return {
        "predict_time": job["timings"]["render_ms"] / 1000,
        "total_time": (times[1] - times[0]).total_seconds(),
        "image_count": sum(output["id"] is not None for output in job["outputs"]),
    }


def _list_urls(job_id: str) -> dict[str, str]:
    public_url = get_settings().public_url
    base = f"{public_url}/replicate/v1/predictions/{job_id}"
    return {"get": base, "cancel": f"{base}/cancel", "stream": f"{base}/stream", "web": f"{public_url}/"}
