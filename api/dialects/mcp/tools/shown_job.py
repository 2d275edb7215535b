"""How a job is shown to a model: what it needs to go on, links, and one small picture."""

from __future__ import annotations

from typing import Any

from mcp_types import CallToolResult, ContentBlock, ImageContent, ResourceLink

from api.dialects.mcp.tools.tool import build_result
from api.translation.thumbnail import draw_thumbnail
from core.artifacts.capability import build_output_link
from core.jobs.status import FINISHED
from core.jobs.views.job_view import JobView, OutputView

_WAIT_AGAIN = (
    "The job has not ended. Call wait_for_job with this job_id, now or in any later session; it is drawn meanwhile."
)


def show_job(job: JobView, *, with_thumbnail: bool) -> CallToolResult:
    """The job as a tool's result, with links that work for a while. Reads pictures, and says nothing of one that cannot be read."""
    there = [output for output in job.outputs if output.id is not None and output.deleted_at is None]
    more: list[ContentBlock] = [_link(job, output) for output in there]
    thumbnail = draw_thumbnail(there[0]) if there and with_thumbnail else None
    if thumbnail is not None:
        more.append(ImageContent(data=thumbnail, mime_type="image/jpeg"))
    return build_result(describe_job(job), *more)


def describe_job(job: JobView) -> dict[str, Any]:
    """The job in short; what is null is left out."""
    is_finished = job.status in FINISHED
    eta = job.queue.eta_seconds
    described: dict[str, Any] = {
        "job_id": job.id,
        **job.model_dump(mode="json", include={"status", "model", "created_at", "warnings"}),
        "prompt": job.request.get("prompt"),
        "style": None if job.style is None else job.style.name,
        "sweep_id": None if job.sweep is None else job.sweep.id,
        "images": [_describe_output(output) for output in job.outputs] or None,
        "failure": None if job.failure is None else job.failure.model_dump(mode="json"),
    }
    if not is_finished:
        described |= {
            "progress": job.progress.model_dump(mode="json"),
            "jobs_before": job.queue.position,
            "ends_in_seconds": None if eta is None else round(eta.p50, 1),
            "waits_for": job.queue.message,
            "next": _WAIT_AGAIN,
        }
    return {name: value for name, value in described.items() if value is not None}


def _describe_output(output: OutputView) -> dict[str, Any]:
    if output.id is None:
        return {"withheld": "The model's content filter withheld this image.", "seed": output.seed}
    shown = {"id": output.id, "seed": output.seed, "width": output.width, "height": output.height}
    if output.deleted_at is not None:
        return {**shown, "deleted_at": output.deleted_at.isoformat()}
    return {**shown, "url": build_output_link(output.id, output.media_type)}


def _link(job: JobView, output: OutputView) -> ResourceLink:
    url = build_output_link(output.id or "", output.media_type)
    return ResourceLink(
        name=url.rsplit("/", 1)[1],
        title=f"Image of {job.id}, seed {output.seed}",
        uri=url,
        mime_type=output.media_type,
        size=output.byte_size,
    )
