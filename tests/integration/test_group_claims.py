"""Several jobs claimed by one statement: as by as many claims one after another."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, OperationalError
from structlog.testing import capture_logs

from core.accounts.limits import set_limits
from core.database import autocommit, transaction
from core.jobs.attempts import claim_jobs as door
from core.jobs.attempts.affinity import Preference, Shape
from core.jobs.attempts.claim_jobs import ClaimedJobs, FirstJobs, claim_in_one_statement, claim_jobs
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.audit.invariants import list_violations
from core.jobs.queue.tables import PoolClock
from core.jobs.tables import Job, JobAttempt
from tests.integration.conftest import Submit
from tests.integration.statements import noted_statements
from worker.rendering.attempt import group_claimer
from worker.rendering.attempt.group_claimer import GroupClaimer


def build_worker(prefer: Preference | None = None) -> ClaimingWorker:
    return ClaimingWorker(pool="default", worker_id="worker", lease_seconds=30, prefer=prefer)


def claim(count: int, prefer: Preference | None = None) -> FirstJobs:
    with autocommit() as connection:
        return claim_in_one_statement(connection, build_worker(prefer), count=count)


def job_ids(claimed: FirstJobs) -> list[UUID]:
    return [attempt.job_id for attempt in claimed.attempts]


def prefer(*resident: str) -> Preference:
    return Preference(frozenset(resident), frozenset(), 30.0)


def ignore(_: ClaimedAttempt) -> None:
    """What has been claimed is looked at when it is there."""


def build_claimer(preference: Preference | None = None) -> GroupClaimer:
    return GroupClaimer(lambda: build_worker(preference))


def test_the_first_ones_are_claimed_in_fair_order(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """By one statement: each has an attempt and a lease of its own, and the pool has come to the last one's position."""
    first = [submit(account_id) for _ in range(4)]
    second = [submit(other_account_id) for _ in range(2)]
    with noted_statements() as noted:
        claimed = claim(4)

    assert len(noted) == 1
    assert claimed.found == 4
    assert job_ids(claimed) == [first[0], second[0], first[1], second[1]]
    with transaction() as session:
        jobs = [session.get_one(Job, job_id) for job_id in job_ids(claimed)]
        assert [job.current_attempt_id for job in jobs] == [attempt.id for attempt in claimed.attempts]
        assert [(job.status, job.attempts_opened, job.attempts_used) for job in jobs] == [("running", 1, 1)] * 4
        assert len(set(session.scalars(select(JobAttempt.id)))) == 4
        assert session.scalar(select(PoolClock.virtual_time)) == jobs[-1].fair_position
        assert list_violations(session) == []


def test_fewer_jobs_than_wanted_are_all_there_are(account_id: UUID, submit: Submit) -> None:
    """Who gets none knows that there is none."""
    jobs = [submit(account_id) for _ in range(3)]

    assert (job_ids(claim(8)), claim(8)) == (jobs, FirstJobs([], found=0))


def test_each_priority_has_its_own_clock(account_id: UUID, submit: Submit) -> None:
    """Jobs of all three in one claim move all three on."""
    low, normal, high = (submit(account_id, priority=name) for name in ("low", "normal", "high"))

    assert job_ids(claim(4)) == [high, normal, low]

    with transaction() as session:
        clock = session.scalars(select(PoolClock)).one()
        positions = [session.get_one(Job, job_id).fair_position for job_id in (high, normal, low)]
    assert [clock.virtual_time_high, clock.virtual_time, clock.virtual_time_low] == positions


@pytest.mark.parametrize("obstacle", ["model", "limit", "shape"])
def test_none_is_claimed_past_one_that_needs_a_decision(
    account_id: UUID, other_account_id: UUID, submit: Submit, obstacle: str
) -> None:
    """A job whose model is not in memory, whose account has a limit, or that is of another size: those before it are claimed
    by one statement, and the next claims decide on it, and find the ones behind.
    """
    jobs = [submit(account_id) for _ in range(2)]
    [stands_out] = [submit(other_account_id)]
    jobs.append(submit(account_id))
    with transaction() as session:
        session.execute(text("update jobs set fair_position = 1 + (select count(*) from jobs b where b.id < jobs.id)"))
        if obstacle == "model":
            session.get_one(Job, stands_out).model = "cold"
        elif obstacle == "shape":
            job = session.get_one(Job, stands_out)
            job.request = job.request | {"width": 64}
        else:
            set_limits(session, account_id=other_account_id, changes={"max_running_jobs": 1})
    preference = prefer("picturebook")

    claimed = claim(4, preference)

    assert (job_ids(claimed), claimed.found) == (jobs[:2], 4)
    claimer = build_claimer(preference)
    rest = [attempt.job_id for attempt in (claimer.claim(ignore), claimer.claim(ignore)) if attempt is not None]
    assert sorted(rest) == sorted([stands_out, jobs[2]])
    assert claimer.claim(ignore) is None


def test_many_at_once_take_every_job_once(account_id: UUID, submit: Submit) -> None:
    """Five workers of eight threads each and 60 jobs: each job has one attempt, and nobody goes away while there is one."""
    jobs = {submit(account_id) for _ in range(60)}
    claimers = [build_claimer() for _ in range(5)]

    def work(claimer: GroupClaimer) -> list[UUID]:
        taken = []
        while (attempt := claimer.claim(ignore)) is not None:
            taken.append(attempt.job_id)
        return taken

    with ThreadPoolExecutor(40) as pool:
        taken = [job_id for one in pool.map(work, claimers * 8) for job_id in one]

    assert len(taken) == len(jobs)
    assert set(taken) == jobs
    with transaction() as session:
        assert list_violations(session) == []


def test_threads_share_a_claim(account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first one claims, eleven more come: eight of them are served by one statement, then two, then one."""
    jobs = {submit(account_id) for _ in range(12)}
    counts: list[int] = []
    has_begun, may_go_on = Event(), Event()

    def claim_slowly(worker: ClaimingWorker, *, count: int) -> ClaimedJobs:
        counts.append(count)
        has_begun.set()
        assert may_go_on.wait(10)
        return claim_jobs(worker, count=count)

    monkeypatch.setattr(group_claimer, "claim_jobs", claim_slowly)
    claimer = build_claimer()
    with ThreadPoolExecutor(12) as pool:
        claims = [pool.submit(claimer.claim, ignore)]
        assert has_begun.wait(10)
        claims += [pool.submit(claimer.claim, ignore) for _ in range(11)]
        while claimer._group.waiting < len(claims):
            time.sleep(0.001)
        may_go_on.set()
        attempts = [one.result(timeout=10) for one in claims]

    assert counts == [1, 8, 2, 1]
    assert {attempt.job_id for attempt in attempts if attempt is not None} == jobs


@pytest.mark.parametrize("is_away", [True, False])
def test_an_error_is_everybodys_or_nobodys(
    account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """A database that does not answer is each thread's error; after any other error the long way claims."""
    job_id = submit(account_id)

    def fail(*_: object, **__: object) -> FirstJobs:
        raise (OperationalError if is_away else DataError)("", None, Exception("gone"))

    monkeypatch.setattr(door, "claim_in_one_statement", fail)
    with capture_logs():
        if is_away:
            with pytest.raises(OperationalError):
                build_claimer().claim(ignore)
        else:
            attempt = build_claimer().claim(ignore)
            assert attempt is not None
            assert attempt.job_id == job_id


def test_what_was_claimed_is_known_at_the_next_claim(account_id: UUID, submit: Submit) -> None:
    """Two threads want a job; the first one's shape is preferred when the second one's turn comes, also past another job."""
    first, other, second = (submit(account_id, width=width) for width in (64, 128, 64))
    drawn: list[Shape] = []
    claimer = GroupClaimer(lambda: build_worker(Preference(frozenset({"picturebook"}), frozenset(drawn), 30.0)))

    def take(attempt: ClaimedAttempt) -> None:
        drawn.append(Shape.of(attempt.model, attempt.request))

    claimed = [claimer.claim(take) for _ in range(3)]

    assert [attempt.job_id for attempt in claimed if attempt is not None] == [first, second, other]
