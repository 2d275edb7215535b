"""Which jobs one call of a pipeline can serve: static batching needs everything but prompt, seed and picture equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.render.jobs import Job


class GroupKey(NamedTuple):
    """The arguments that a pipeline takes once for a whole batch."""

    task: str
    steps: int
    guidance_scale: float
    width: int
    height: int


def group_key(job: Job) -> GroupKey:
    """The job's key: jobs with equal keys can share a call."""
    return GroupKey(job.task, job.steps, job.guidance_scale, job.width, job.height)


def group_jobs(jobs: Sequence[Job], *, max_rows: int) -> list[list[int]]:
    """Positions of the jobs by group, in the order of the groups' first jobs, with at most `max_rows` in each."""
    by_key: dict[GroupKey, list[int]] = {}
    for position, job in enumerate(jobs):
        by_key.setdefault(group_key(job), []).append(position)
    return [
        positions[start : start + max_rows]
        for positions in by_key.values()
        for start in range(0, len(positions), max_rows)
    ]
