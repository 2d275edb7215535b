"""The random walk: anything that may happen to jobs, in any order. After each step the rows say what the model says, and
no rule is broken; in the end every job that was accepted has its end.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ClassVar

import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.accounts.limits import set_limits
from core.database import transaction
from core.errors import LeaseLost
from core.ids import parse_id
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.lease import renew_lease
from core.jobs.audit.invariants import list_violations
from core.jobs.queue.pause_work import pause_work, resume_work
from tests.lifecycle_walk import workers
from tests.lifecycle_walk.clock import SteppedClock
from tests.lifecycle_walk.ending import check_what_is_left
from tests.lifecycle_walk.model import LEASE_SECONDS, ModelJob
from tests.lifecycle_walk.orders import Order, orders
from tests.lifecycle_walk.rows import describe_jobs
from tests.lifecycle_walk.service import (
    Sender,
    begin_afresh,
    ring_for_nothing,
    sweep_once,
    sweep_twice_at_once,
    take_ring,
)
from tests.lifecycle_walk.steps import Step, pick, steps
from tests.lifecycle_walk.walked import Walked
from tests.lifecycle_walk.workers import Fate, How, Killed

#: Seconds; the reason for the number is in `orders.py`.
STEP_SECONDS = 11

#: Seconds that pass without a sweep at most; its absence for longer is a broken rule of its own.
MOST_UNSWEPT = 88


class Walk(RuleBasedStateMachine):
    """One walk on empty tables."""

    #: Through which customers reach the service.
    api: ClassVar[FlaskClient]

    def __init__(self) -> None:
        super().__init__()
        self._senders = begin_afresh(self.api, senders=2)
        self._clock = SteppedClock()
        self._walked = Walked({sender.account_id for sender in self._senders})
        #: Those of workers that live, or believe to hold a job still.
        self._attempts: list[ClaimedAttempt] = []
        self._uploads = ThreadPoolExecutor(2)

    @initialize(orders=st.lists(orders(), min_size=2, max_size=4))
    def begin(self, orders: list[Order]) -> None:
        """There is something to do."""
        for order in orders:
            self.submit(order)

    @rule(step=steps())
    def happen(self, step: Step) -> None:
        """Take any step. One rule for all, because hypothesis leaves some rules out of every walk, and a walk without
        workers shows little.
        """
        name, arguments = step
        getattr(self, name)(**arguments)

    def submit(self, order: Order) -> None:
        """Send a job; with a key that was used before, it is the same job, or refused if the request differs."""
        sender = self._senders[order.who]
        account = self._walked.accounts[sender.account_id]
        earlier = account.keys.get(order.key)
        is_full = self._walked.count(account, "queued") >= account.max_queued_jobs

        answer = sender.post(order.body, order.key)

        said = answer.get_json()
        match answer.status_code, said.get("code"):
            case 202, None if earlier is not None:
                assert (order, parse_id("job", said["id"])) == earlier
                assert self._walked.find_receipt(earlier[1]) is None
            case 410, "job_deleted":
                assert earlier is not None
                assert earlier[0] == order
                assert self._walked.find_receipt(earlier[1]) is not None
            case 202, None:
                assert not is_full or account.is_count_late
                job_id = parse_id("job", said["id"])
                assert job_id is not None
                job = ModelJob.accepted(job_id, sender.account_id, order, now=self._clock.now)
                self._walked.jobs[job.id] = job
                if order.key is not None:
                    account.keys[order.key] = (order, job.id)
            case 422, "idempotency_key_reused":
                assert earlier is not None
                assert earlier[0] != order
            case 429, "too_many_queued_jobs":
                assert is_full
                assert earlier is None
            case unexpected:
                pytest.fail(f"a submit was answered with {unexpected}")

    def cancel(self, which: int, *, is_own: bool) -> None:
        """Cancel a job, one that runs rather than others, as its sender, or as somebody else."""
        jobs = sorted(self._walked.jobs.values(), key=lambda job: job.status == "running")
        if not jobs:
            return
        job = pick(jobs, which)
        answer = self._find_sender(job, is_own=is_own).cancel(job.id)
        if not is_own:
            assert answer.status_code == 404
        elif job.status in {"succeeded", "failed"}:
            assert (answer.status_code, answer.get_json()["code"]) == (409, "job_finished")
        else:
            assert answer.status_code == 200
            job.cancel()

    def cancel_all(self, who: int) -> None:
        """Cancel whatever has not ended of an account."""
        sender = self._senders[who]
        jobs = [
            job for job in self._walked.jobs.values() if job.account_id == sender.account_id and not job.is_finished
        ]
        assert sender.cancel_all().status_code == 200
        for job in jobs:
            job.cancel()

    def delete(self, which: int, *, is_own: bool) -> None:
        """Delete a job, one that has ended or has been deleted rather than others, as its sender, or as somebody else."""
        jobs = sorted((*self._walked.jobs.values(), *self._walked.deleted.values()), key=lambda job: job.is_finished)
        job = pick(jobs, which)
        receipt = self._walked.find_receipt(job.id)
        answer = self._find_sender(job, is_own=is_own).delete(job.id)
        said = answer.get_json()
        if not is_own:
            assert answer.status_code == 404
        elif not job.is_finished:
            assert (answer.status_code, said["code"]) == (409, "job_not_finished")
        else:
            assert answer.status_code == 200
            assert receipt in {None, said["id"]}
            self._walked.deleted[said["id"]] = job
            self._walked.jobs.pop(job.id, None)

    def _find_sender(self, job: ModelJob, *, is_own: bool) -> Sender:
        [sender] = [one for one in self._senders if (one.account_id == job.account_id) == is_own]
        return sender

    def ring_wrongly(self, is_lost: bool) -> None:
        """A ring is lost with its worker, or there is a ring without a job."""
        if is_lost:
            take_ring()
        else:
            ring_for_nothing()

    def hear(self, end: str = "lives") -> ClaimedAttempt | None:
        """A worker takes a ring and claims; it may die before the commit, or just after it."""
        if not take_ring():
            return None
        if end == "dies in it":
            with suppress(Killed):
                workers.claim(is_killed=True)
            return None
        attempt = workers.claim()
        self._walked.check_claim(attempt, self._clock.now)
        if attempt is not None and end == "lives":
            self._attempts.append(attempt)
        return attempt

    def beat(self, which: int, step: int | None) -> None:
        """Renew the lease, and name a checkpoint, in time or long after."""
        if not self._attempts:
            return
        attempt = pick(self._attempts, which)
        job, mine = self._walked.find(attempt)
        is_held = mine.status == "running" and mine.leased_until > self._clock.now
        checkpoint = None if step is None else workers.checkpoint_of(attempt, step)
        try:
            with transaction() as session:
                renewal = renew_lease(
                    session, attempt_id=attempt.id, step=step or 1, lease_seconds=LEASE_SECONDS, checkpoint=checkpoint
                )
        except LeaseLost:
            assert not is_held
            return
        assert is_held
        assert renewal.cancel_requested == job.is_cancel_requested
        assert renewal.deadline_passed == job.is_over(self._clock.now)
        assert renewal.is_paused == self._walked.is_to_be_put_back(job)
        mine.leased_until = self._clock.now + LEASE_SECONDS
        mine.checkpoint = checkpoint or mine.checkpoint

    def end(self, which: int, how: How, fate: Fate) -> None:
        """Write down how an attempt ended: in time or long after, once more perhaps, and whether or not the worker is told."""
        if self._attempts:
            self._end(pick(self._attempts, which), how, fate)

    def _end(self, attempt: ClaimedAttempt, how: How, fate: Fate) -> None:
        job, mine = self._walked.find(attempt)
        if how == "cancellation" and not job.is_cancel_requested:
            return
        is_held = job.holds(mine, self._clock.now)
        outcome = workers.prepare(how, attempt, self._uploads)
        told: type[Exception] | str
        try:
            told = workers.write(outcome, fate)
        except (LeaseLost, Killed) as error:
            told = type(error)

        if is_held and fate in {"answered", "answer lost", "killed after the commit"}:
            self._walked.end(job, how, attempt, self._clock.now)
        match fate:
            case "answered":
                assert told == (job.status if is_held else LeaseLost)
            case "answer lost" | "unreachable":
                assert told is LeaseLost
            case _:
                assert told is (Killed if is_held else LeaseLost)

    def step_clock(self, steps: int) -> None:
        """Time passes, or the clock of the database is set forward, while everybody who holds anything is silent."""
        seconds = steps * STEP_SECONDS
        if self._walked.unswept + seconds > MOST_UNSWEPT:
            self.sweep()
        self._clock.step(seconds)
        self._walked.unswept += seconds

    def sweep(self, *, is_doubled: bool = False) -> None:
        """One sweep, or two at once."""
        (sweep_twice_at_once if is_doubled else sweep_once)()
        self._walked.sweep(self._clock.now)

    def limit(self, who: int, name: str, limit: int | None) -> None:
        """An operator sets, lowers, raises or lifts a limit."""
        account_id = self._senders[who].account_id
        with transaction() as session:
            set_limits(session, account_id=account_id, changes={name: limit})
        self._walked.accounts[account_id].set_limit(name, limit)

    def move(self, which: int, to: str, *, is_own: bool) -> None:
        """Move a job to an end of its account's own, as its sender, or as somebody else."""
        if not self._walked.jobs:
            return
        job = pick(sorted(self._walked.jobs.values(), key=lambda job: job.status == "queued"), which)
        answer = self._find_sender(job, is_own=is_own).move(job.id, to)
        assert answer.status_code == ((200 if job.status == "queued" else 409) if is_own else 404)

    def pause(self, who: int, running: str | None) -> None:
        """An account pauses its jobs; None: it resumes them, which it may not have paused."""
        sender = self._senders[who]
        assert (sender.resume() if running is None else sender.pause(running)).status_code == 200
        self._walked.accounts[sender.account_id].pause = running

    def pause_work(self, model: str | None) -> None:
        """An operator pauses the pool, or the model in it."""
        assert pause_work(pool="default", model=model) == (model not in self._walked.paused)
        self._walked.paused.add(model)

    def resume_work(self, model: str | None) -> None:
        """An operator ends the pause of the pool, or of the model in it."""
        is_known = model in self._walked.paused
        assert resume_work(pool="default", model=model, max_running_jobs=None) == is_known
        ring_for_nothing()
        self._walked.paused.discard(model)

    @invariant()
    def rows_and_model_agree(self) -> None:
        """No rule is broken, and every row is as the model has it: what was accepted is there, ends do not change, and who
        lost its lease has changed nothing.
        """
        with transaction() as session:
            assert list_violations(session) == []
            assert describe_jobs(session) == self._walked.describe(self._clock.now)
        self._clock.stop()

    def teardown(self) -> None:
        """Drive everything to its end."""
        try:
            if sys.exc_info()[0] is None:
                self._go_to_the_end()
        finally:
            self._uploads.shutdown()

    def _go_to_the_end(self) -> None:
        self.pause(0, None)
        self.pause(1, None)
        for model in list(self._walked.paused):
            self.resume_work(model)
        for _ in range(3 + 2 * len(self._walked.jobs)):
            if self._walked.are_all_finished:
                break
            self.step_clock(steps=3)
            self.sweep()
            while (attempt := self.hear()) is not None:
                self._end(attempt, how="success", fate="answered")
            self.rows_and_model_agree()
        assert self._walked.are_all_finished
        self._clock.step(STEP_SECONDS * 360)
        check_what_is_left(self._walked, self._senders)
