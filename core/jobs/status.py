"""The states of jobs and of their attempts, and how they may change."""

from __future__ import annotations

import enum


class JobStatus(enum.StrEnum):
    """Where a job is; why it failed is said by its `failure_code`."""

    QUEUED = "queued"  #: waits for a worker, or for `available_at` after a failed attempt
    RUNNING = "running"  #: an attempt holds a lease on it
    SUCCEEDED = "succeeded"  #: its images are in the bucket
    FAILED = "failed"  #: its last attempt failed, no attempt could help, or its time was over
    CANCELLED = "cancelled"  #: its sender asked for that before it ended


class AttemptStatus(enum.StrEnum):
    """What became of one attempt."""

    RUNNING = "running"  #: leased by a worker
    SUCCEEDED = "succeeded"  #: its images are the job's
    FAILED = "failed"  #: it raised; the job was retried or failed
    CANCELLED = "cancelled"  #: it stopped because its job was cancelled
    INTERRUPTED = "interrupted"  #: its worker shut down; does not use up an attempt
    EXPIRED = "expired"  #: its lease ran out: the worker died, hung or lost the database


#: The ends. A job reaches exactly one of them and never leaves it.
FINISHED = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})

#: Every change of state that may happen; the diagram in docs/job-lifecycle.md is kept equal to it by a test.
TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.RUNNING: frozenset({JobStatus.QUEUED, *FINISHED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}
