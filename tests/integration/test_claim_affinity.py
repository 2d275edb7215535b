"""Which job is next for a worker that has some models in memory."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from core.database import transaction
from core.jobs.attempts.affinity import LOOK_AHEAD, Preference, Shape
from core.jobs.attempts.claim_jobs import claim_jobs
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.queue.tables import PoolClock
from core.jobs.tables import Job
from tests.integration.conftest import Submit

pytestmark = pytest.mark.usefixtures("ways")


def prefer(*resident: str, joinable: tuple[Shape, ...] = (), max_wait_seconds: float = 30.0) -> Preference:
    return Preference(frozenset(resident), frozenset(joinable), max_wait_seconds)


def claim(preference: Preference, worker_id: str = "worker-a") -> ClaimedAttempt | None:
    worker = ClaimingWorker(pool="default", worker_id=worker_id, lease_seconds=30, prefer=preference)
    return next(iter(claim_jobs(worker).attempts), None)


def claim_one(preference: Preference) -> UUID:
    attempt = claim(preference)
    assert attempt is not None
    return attempt.job_id


def queue(submit: Submit, account_id: UUID, *models: str, **parameters: Any) -> list[UUID]:
    """One job for each model named, in this order."""
    job_ids = [submit(account_id, **parameters) for _ in models]
    with transaction() as session:
        for job_id, model in zip(job_ids, models, strict=True):
            session.get_one(Job, job_id).model = model
    return job_ids


def wait_for_seconds(job_id: UUID, seconds: float) -> None:
    """Make the job available since this many seconds ago."""
    with transaction() as session:
        session.execute(
            text("update jobs set available_at = now() - make_interval(secs => :seconds) where id = :id"),
            {"seconds": seconds, "id": job_id},
        )


def test_a_resident_model_goes_first(account_id: UUID, submit: Submit) -> None:
    """Jobs whose model is in memory pass those whose model is not, and keep their own order."""
    jobs = queue(submit, account_id, "cold", "warm", "cold", "warm", "hot")

    order = [claim_one(prefer("warm", "hot")) for _ in range(5)]

    assert order == [jobs[1], jobs[3], jobs[4], jobs[0], jobs[2]]


def test_a_joinable_shape_goes_before_a_resident_model(account_id: UUID, submit: Submit) -> None:
    """A job that can join the running batch is taken before one whose model is only in memory."""
    [other_size] = queue(submit, account_id, "warm", width=64, height=64)
    [other_model] = queue(submit, account_id, "cold", width=128, height=64)
    [joins] = queue(submit, account_id, "warm", width=128, height=64)
    shapes = (Shape("warm", 128, 64), Shape("cold", 128, 64))

    assert claim_one(prefer("warm", joinable=shapes)) == joins
    assert claim_one(prefer("warm", joinable=shapes)) == other_size
    assert claim_one(prefer("warm", joinable=shapes)) == other_model, "its model is leaving: nothing to join"


def test_a_job_that_waited_too_long_is_passed_by_nobody(account_id: UUID, submit: Submit) -> None:
    """Past the bound the head of the queue is taken, and a job behind it cannot be overtaken either."""
    jobs = queue(submit, account_id, "cold", "warm", "cold", "warm")
    wait_for_seconds(jobs[2], 31)

    assert claim_one(prefer("warm")) == jobs[1], "it passes only the first, which can still wait"
    assert claim_one(prefer("warm")) == jobs[0], "the next warm one stands behind a job that waited too long"
    assert claim_one(prefer("warm")) == jobs[2]
    assert claim_one(prefer("warm")) == jobs[3]


def test_the_bound_is_the_preferences(account_id: UUID, submit: Submit) -> None:
    """With a longer bound jobs can be passed for longer; a bound of zero means fair order."""
    jobs = queue(submit, account_id, "cold", "warm")
    wait_for_seconds(jobs[0], 31)
    assert claim_one(prefer("warm", max_wait_seconds=60)) == jobs[1]

    jobs = [jobs[0], *queue(submit, account_id, "warm")]
    assert claim_one(prefer("warm", max_wait_seconds=0)) == jobs[0]


def test_it_looks_32_jobs_ahead(account_id: UUID, submit: Submit) -> None:
    """A job beyond the look-ahead is not claimed, however well it would fit."""
    cold = queue(submit, account_id, *["cold"] * LOOK_AHEAD)
    [warm] = queue(submit, account_id, "warm")

    assert claim_one(prefer("warm")) == cold[0]
    assert claim_one(prefer("warm")) == warm


def test_a_better_priority_is_passed_by_nobody(account_id: UUID, submit: Submit) -> None:
    """Affinity chooses among jobs of the same priority only."""
    cold, urgent = queue(submit, account_id, "warm", "cold")
    with transaction() as session:
        session.get_one(Job, urgent).priority = 0

    assert claim_one(prefer("warm")) == urgent
    assert claim_one(prefer("warm")) == cold


def test_jobs_that_back_off_are_not_taken(account_id: UUID, submit: Submit) -> None:
    """A job that waits for its next attempt is not claimed and does not block others."""
    later, now = queue(submit, account_id, "warm", "warm")
    wait_for_seconds(later, -60)

    assert claim_one(prefer("warm")) == now
    assert claim(prefer("warm")) is None


@pytest.mark.parametrize("preference", [prefer(), prefer("hot"), prefer("cold", "warm")])
def test_fair_order_is_kept_where_affinity_says_nothing(
    account_id: UUID, other_account_id: UUID, submit: Submit, preference: Preference
) -> None:
    """With no model, none of the queue's models or all of them in memory, accounts take turns as ever."""
    big = queue(submit, account_id, "cold", "warm", "cold", "warm")
    small = queue(submit, other_account_id, "warm", "cold")

    order = [claim_one(preference) for _ in range(6)]

    assert order == [big[0], small[0], big[1], small[1], *big[2:]]


def test_passing_does_not_push_back_who_comes_late(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """The queue's virtual time is that of its first job: a newcomer does not pay for jobs that passed it."""
    first = queue(submit, account_id, "cold", *["warm"] * 8)[0]
    for _ in range(8):
        claim_one(prefer("warm"))

    with transaction() as session:
        assert session.scalar(select(PoolClock.virtual_time)) == session.get_one(Job, first).fair_position
    [late] = queue(submit, other_account_id, "cold")
    assert {claim_one(prefer("warm")), claim_one(prefer("warm"))} == {first, late}


def test_two_claimers_take_different_jobs(account_id: UUID, submit: Submit) -> None:
    """A job that another transaction is claiming is skipped: the next best one is claimed, without waiting."""
    jobs = queue(submit, account_id, "cold", "warm", "warm")
    with transaction() as session:
        first = claim_step_by_step(
            session, ClaimingWorker(pool="default", worker_id="worker-a", lease_seconds=30, prefer=prefer("warm"))
        ).attempt
        assert first is not None
        assert first.job_id == jobs[1]
        assert claim_one(prefer("warm")) == jobs[2]
        assert claim_one(prefer("warm")) == jobs[0]
        assert claim(prefer("warm")) is None


def test_rows_behind_those_that_others_hold_are_found(account_id: UUID, submit: Submit) -> None:
    """If others are claiming all 32 rows of the look-ahead, the 33rd is claimed."""
    jobs = queue(submit, account_id, *["warm"] * (LOOK_AHEAD + 1))
    with transaction() as session:
        session.execute(select(Job.id).where(Job.id.in_(jobs[:LOOK_AHEAD])).with_for_update())
        assert claim_one(prefer("warm")) == jobs[LOOK_AHEAD]


def test_many_claimers_at_once_take_every_job_once(account_id: UUID, submit: Submit) -> None:
    """60 jobs, 6 workers with different models in memory: each job is claimed once, and none is left."""
    models = ["red", "green", "blue"]
    jobs = queue(submit, account_id, *(models * 20))
    start = threading.Barrier(6)

    def claim_all(worker: int) -> list[UUID]:
        start.wait()
        preference = prefer(models[worker % 3])
        return [attempt.job_id for attempt in iter(lambda: claim(preference, f"worker-{worker}"), None)]

    with ThreadPoolExecutor(6) as pool:
        claimed = [job_id for job_ids in pool.map(claim_all, range(6)) for job_id in job_ids]

    assert sorted(claimed) == sorted(jobs)
