"""When to ask again for a job that has not finished."""

from __future__ import annotations

from flask import Response

from core.jobs.status import FINISHED, JobStatus

_LEAST_SECONDS = 1
_MOST_SECONDS = 30

#: How many jobs before one are taken for a second more. A guess that is polite: what is short of it costs one read more.
_JOBS_A_SECOND = 8


def suggest_next_read(response: Response, status: JobStatus | str, position: int | None) -> None:
    """Puts `Retry-After` on the answer, in seconds, unless the job has finished: a second for a running job, longer for one
    with many (`position`) before it, half a minute at most.
    """
    if status in FINISHED:
        return
    before = position or 0 if status == JobStatus.QUEUED else 0
    seconds = min(_LEAST_SECONDS + before // _JOBS_A_SECOND, _MOST_SECONDS)
    response.headers["Retry-After"] = str(seconds)
