"""The door of a claim, and its short way: a worker is given the next jobs of its pool, each under a lease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from core.database import autocommit, is_unavailable, transaction
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.fault_points import fault_point
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claimed_attempt import ClaimedAttempt, build_claimed_attempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.open_attempt import open_first
from core.jobs.queue.running_limit import release_up_to

_log = structlog.get_logger()


class FirstJobs(NamedTuple):
    """What the first jobs of a pool came to."""

    attempts: list[ClaimedAttempt]
    #: How many of them can be claimed, up to as many as were asked for. Those that were not claimed need a decision.
    found: int


class ClaimedJobs(NamedTuple):
    """What was claimed at once."""

    attempts: list[ClaimedAttempt]
    #: Whether there may be more jobs for the worker, fewer having been claimed than it asked for: which of them suits it best
    #: depends on those that it has just claimed.
    may_be_more: bool


def claim_jobs(worker: ClaimingWorker, *, count: int = 1) -> ClaimedJobs:
    """Claims up to `count` jobs of the worker's pool, in fair order, each under a lease that starts now on the database's
    clock, and commits.

    With a preference, a job that suits the worker better may pass a few others: `choose_preferred` says which. A job whose
    account runs as many as it may is passed. Workers that claim at once take different jobs. If every row is locked, as
    many other claims are in progress, and nothing is claimed.
    """
    first = _take_short_way(worker, count=count)
    if first.attempts or first.found == 0:
        return ClaimedJobs(first.attempts, may_be_more=first.found > len(first.attempts))

    attempt = _take_long_way(worker)
    return ClaimedJobs([] if attempt is None else [attempt], may_be_more=attempt is not None and count > 1)


def claim_in_one_statement(connection: Connection, worker: ClaimingWorker, *, count: int) -> FirstJobs:
    """Claims each of the first `count` jobs of the pool. Stops at the first job that needs a decision: the worker may prefer
    another one, it has another shape than the first, its account has a limit on its running jobs, or its start is announced. Then
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
    # It runs no statement but for jobs that start from images, and for those that are tried again.
    with Session(connection) as session:
        return FirstJobs([build_claimed_attempt(session, opened) for opened in first.opened], found=first.found)


def _take_short_way(worker: ClaimingWorker, *, count: int) -> FirstJobs:
    if worker.max_running_jobs is not None:
        # The running jobs of each account have to be counted.
        return FirstJobs([], found=count)
    try:
        with autocommit() as connection:
            return claim_in_one_statement(connection, worker, count=count)
    except DBAPIError as error:
        if is_unavailable(error):
            raise
        # It may be one job's fault, which must not keep the others waiting.
        _log.warning("jobs_not_claimed_in_one_statement", count=count, error=str(error))
        return FirstJobs([], found=count)


def _take_long_way(worker: ClaimingWorker) -> ClaimedAttempt | None:
    while True:
        with transaction() as session:
            attempt, held, is_announced = claim_step_by_step(session, worker)
            if attempt is not None:
                fault_point("in_claim")
        if is_announced:
            get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
        # A job that ended while the others of its account were being held did not see them, and released none.
        if not _release_up_to_limits(held) or attempt is not None:
            return attempt


def _release_up_to_limits(held: Mapping[UUID, int]) -> int:
    if not held:
        return 0
    try:
        with transaction() as session:
            return sum(release_up_to(session, account_id=account_id, limit=limit) for account_id, limit in held.items())
    except SQLAlchemyError as error:
        # The sweep releases them. An attempt that this worker has claimed must not be lost for it.
        _log.warning("held_jobs_not_released", error=str(error))
        return 0
