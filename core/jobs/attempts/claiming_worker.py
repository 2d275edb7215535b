"""A worker that looks for its next jobs."""

from __future__ import annotations

from dataclasses import dataclass

from core.jobs.attempts.affinity import Preference


@dataclass(frozen=True, kw_only=True)
class ClaimingWorker:
    """Who claims, and what it would rather have."""

    pool: str
    worker_id: str
    lease_seconds: float
    #: What it would rather have.
    prefer: Preference | None = None
    #: Running jobs of accounts without a limit of their own; None: no limit.
    max_running_jobs: int | None = None
