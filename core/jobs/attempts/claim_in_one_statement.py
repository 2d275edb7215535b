"""The short way of a claim: one statement that opens attempts of the first jobs of a pool, up to one that needs a decision."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.jobs.attempts.claimed_attempt import ClaimedAttempt, build_claimed_attempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.open_attempt import open_first


class FirstJobs(NamedTuple):
    """What the first jobs of a pool came to."""

    attempts: list[ClaimedAttempt]
    #: How many of them can be claimed, up to as many as were asked for. Those that were not claimed need a decision.
    found: int


def claim_in_one_statement(connection: Connection, worker: ClaimingWorker, *, count: int) -> FirstJobs:
    """Claims each of the first `count` jobs of the pool. Stops at the first job that needs a decision: the worker may prefer
    another one, it has another shape than the first, or its account has a limit on its running jobs. Then
    `claim_step_by_step` decides.

    During the statement the first job is locked even if it is not claimed.
    """
    first = open_first(
        connection,
        pool=worker.pool,
        prefer=worker.prefer,
        worker_id=worker.worker_id,
        lease_seconds=worker.lease_seconds,
        count=count,
    )
    # It runs no statement but for jobs that start from images or from a checkpoint.
    with Session(connection) as session:
        return FirstJobs([build_claimed_attempt(session, opened) for opened in first.opened], found=first.found)
