"""Where in Redis the news of jobs are, and for how long."""

from __future__ import annotations

from uuid import UUID

#: The channel on which every API process hears all news of jobs, and the one on which workers hear which jobs were cancelled.
JOBS_CHANNEL = "darkroom.jobs"
CANCELS_CHANNEL = "darkroom.cancels"

#: Events that the stream of one job holds, and the seconds that it is kept after the last one.
MOST_EVENTS = 500
KEPT_SECONDS = 600


def stream_key(job_id: UUID) -> str:
    """The stream with what happened inside the job's attempts."""
    return f"events:{job_id.hex}"
