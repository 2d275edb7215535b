"""What came of a batch, a line for each of its requests. Written when it is read: nothing of it is stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from core.batches.batch_jobs import list_batch_jobs
from core.batches.tables import Batch
from core.errors import DarkroomError
from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.job_view import JobView

_NOT_FOUND = 404


def write_outputs(batch: Batch, show: Callable[[JobView, str], dict[str, Any]]) -> Iterator[bytes]:
    """A line for each job that succeeded; `show` returns the answer for a job and its `custom_id`, and may read pictures."""
    for job in list_batch_jobs(batch):
        if job.status == JobStatus.SUCCEEDED:
            custom_id = job.metadata["custom_id"]
            try:
                status, body = 200, show(job, custom_id)
            except DarkroomError as error:
                # Its images are not there any more.
                status, body = _NOT_FOUND, {"error": {"message": error.message, "code": error.code}}
            yield _write(job.id, custom_id, response={"status_code": status, "request_id": job.id, "body": body})


def write_errors(batch: Batch, show: Callable[[JobView], tuple[int, dict[str, Any]]]) -> Iterator[bytes]:
    """A line for each job that failed or was cancelled, of which `show` returns the status and the body; and for each line that was
    refused.
    """
    for job in list_batch_jobs(batch):
        if job.status in FINISHED - {JobStatus.SUCCEEDED}:
            status, body = show(job)
            response = {"status_code": status, "request_id": job.id, "body": body}
            yield _write(job.id, job.metadata["custom_id"], response=response)
    for number, refused in enumerate(batch.refused):
        if "custom_id" in refused:
            error = {"code": refused["code"], "message": refused["message"]}
            yield _write(f"{batch.id.hex}_{number}", refused["custom_id"], error=error)


def _write(id_: str, custom_id: str, **rest: Any) -> bytes:
    line = {"id": f"batch_req_{id_}", "custom_id": custom_id, "response": None, "error": None, **rest}
    return json.dumps(line).encode() + b"\n"
