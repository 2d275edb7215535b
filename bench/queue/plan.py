"""What a run measures, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: In the order in which they run.
PARTS = ("noop", "handoff", "claim", "sweep", "submit", "reads", "fair")

#: Those that PgBouncer can stand in; the others work on copies of databases.
PARTS_THROUGH_POOLER = ("noop", "handoff", "submit", "reads")


@dataclass(frozen=True)
class Plan:
    """Systems take turns in every round, in another order each time."""

    parts: tuple[str, ...]
    rounds: int
    #: Threads of a worker process, ours and Celery's.
    worker_threads: int
    #: No-op jobs of a round.
    noop_jobs: int
    #: Rings of a round, one at a time.
    handoffs: int
    #: Queued rows, each with each number of accounts.
    queue_sizes: tuple[int, ...]
    account_counts: tuple[int, ...]
    #: Claims of a round from each queue.
    claims: int
    #: HTTP clients, each sending its next request when the last one is answered, for `submit_seconds` of each round and load.
    clients: int
    submit_seconds: float
    #: The light account's jobs in each round; the heavy one sends 20 times as many.
    light_jobs: int
    simulated_workers: int
    #: Mean seconds of simulated work.
    work_seconds: float
    #: Rounds of the fairness part, which take longest.
    fair_rounds: int
    #: The mode of a PgBouncer between Darkroom, but not its peers, and PostgreSQL.
    pooler: str | None
    #: What a reader has to know about the machine during the run.
    remark: str
    results: Path
