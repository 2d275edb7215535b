"""The random walk: anything that may happen to jobs, in any order. After each step the rows say what the model says, and
no rule is broken; in the end every job that was accepted has its end.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ClassVar
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)
from sqlalchemy.exc import OperationalError

from core.accounts.limits import set_limits
from core.database import transaction
from core.errors import LeaseLost
from core.ids import parse_id
from core.jobs.claim import ClaimedAttempt
from core.jobs.invariants import find_violations
from core.jobs.lease import renew_lease
from tests.lifecycle_walk import workers
from tests.lifecycle_walk.clock import SteppedClock
from tests.lifecycle_walk.ending import check_what_is_left
from tests.lifecycle_walk.model import LEASE_SECONDS, ModelJob
from tests.lifecycle_walk.orders import Order, orders
from tests.lifecycle_walk.rows import describe_jobs
from tests.lifecycle_walk.service import begin_afresh, ring_for_nothing, sweep_once, sweep_twice_at_once, take_ring
from tests.lifecycle_walk.walked import Walked
from tests.lifecycle_walk.workers import Fate, How, Killed

#: Seconds; `orders.py` says why this many.
STEP_SECONDS = 11

#: Seconds that pass without a sweep at most; its absence for longer is a broken rule of its own.
MOST_UNSWEPT = 88


class Walk(RuleBasedStateMachine):
    """One walk on empty tables."""

    jobs: Bundle[UUID] = Bundle("jobs")
    held: Bundle[ClaimedAttempt] = Bundle("held")

    #: Through which customers reach the service.
    api: ClassVar[FlaskClient]

    def __init__(self) -> None:
        super().__init__()
        self._senders = begin_afresh(self.api, senders=2)
        self._clock = SteppedClock()
        self._walked = Walked({sender.account_id for sender in self._senders})
        self._uploads = ThreadPoolExecutor(2)

    @initialize(target=jobs, orders=st.lists(orders(), min_size=2, max_size=4))
    def begin(self, orders: list[Order]) -> MultipleResults[UUID]:
        """There is something to do."""
        return multiple(*filter(None, [self._send(order) for order in orders]))

    @rule(target=jobs, order=orders())
    def submit(self, order: Order) -> UUID | MultipleResults[UUID]:
        """Send a job; with a key that was used before, it is the same job, or refused where it asks for another one."""
        return self._send(order) or multiple()

    def _send(self, order: Order) -> UUID | None:
        sender = self._senders[order.who]
        account = self._walked.accounts[sender.account_id]
        earlier = account.keys.get(order.key)
        is_full = self._walked.count(account, "queued") >= account.max_queued_jobs

        answer = sender.post(order.body, order.key)

        said = answer.get_json()
        match answer.status_code, said.get("code"):
            case 202, None if earlier is not None:
                assert (order, parse_id("job", said["id"])) == earlier
            case 202, None:
                assert not is_full or account.is_count_late
                job_id = parse_id("job", said["id"])
                assert job_id is not None
                job = ModelJob.accepted(job_id, sender.account_id, order, now=self._clock.now)
                self._walked.jobs[job.id] = job
                if order.key is not None:
                    account.keys[order.key] = (order, job.id)
                return job.id
            case 422, "idempotency_key_reused":
                assert earlier is not None
                assert earlier[0] != order
            case 429, "too_many_queued_jobs":
                assert is_full
                assert earlier is None
            case unexpected:
                pytest.fail(f"a submit was answered with {unexpected}")
        return None

    @rule(job_id=jobs, who=st.integers(0, 1))
    def cancel(self, job_id: UUID, who: int) -> None:
        """Cancel a job as its sender, or as somebody else."""
        job = self._walked.jobs[job_id]
        answer = self._senders[who].cancel(job_id)
        if self._senders[who].account_id != job.account_id:
            assert answer.status_code == 404
        elif job.status in {"succeeded", "failed"}:
            assert (answer.status_code, answer.get_json()["code"]) == (409, "job_finished")
        else:
            assert answer.status_code == 200
            job.cancel()

    @rule(is_lost=st.booleans())
    def ring_wrongly(self, is_lost: bool) -> None:
        """Somebody is rung for and dies of it, or there is a ring for nothing."""
        if is_lost:
            take_ring()
        else:
            ring_for_nothing()

    @rule(target=held, end=st.sampled_from(["lives", "lives", "lives", "dies in it", "dies after it"]))
    def hear(self, end: str) -> ClaimedAttempt | MultipleResults[ClaimedAttempt]:
        """A worker is rung for and claims; it may die before that is committed, or when nobody but the row knows of it."""
        if not take_ring():
            return multiple()
        if end == "dies in it":
            with suppress(Killed):
                workers.claim(is_killed=True)
            return multiple()
        attempt = workers.claim()
        self._walked.check_claim(attempt, self._clock.now)
        return multiple() if attempt is None or end == "dies after it" else attempt

    @rule(attempt=held, step=st.one_of(st.none(), st.integers(1, 9)))
    def beat(self, attempt: ClaimedAttempt, step: int | None) -> None:
        """Renew the lease, and name a checkpoint, in time or long after."""
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
        mine.leased_until = self._clock.now + LEASE_SECONDS
        mine.checkpoint = checkpoint or mine.checkpoint

    @rule(attempt=held, how=workers.HOW)
    def end(self, attempt: ClaimedAttempt, how: How) -> None:
        """Write down how an attempt ended: in time or long after, once more perhaps."""
        self._end(attempt, how, "answered")

    @rule(attempt=held, how=workers.HOW, fate=workers.LOST)
    def end_unheard(self, attempt: ClaimedAttempt, how: How, fate: Fate) -> None:
        """The same, and the worker is not told of it, or does not live to hear it."""
        self._end(attempt, how, fate)

    def _end(self, attempt: ClaimedAttempt, how: How, fate: Fate) -> None:
        job, mine = self._walked.find(attempt)
        if how == "cancellation" and not job.is_cancel_requested:
            return
        is_held = job.holds(mine, self._clock.now)
        outcome = workers.prepare(how, attempt, self._uploads)
        told: type[Exception] | str
        try:
            told = workers.write(outcome, fate)
        except (LeaseLost, Killed, OperationalError) as error:
            told = type(error)

        if is_held and fate in {"answered", "answer lost", "killed after the commit"}:
            self._walked.end(job, how, attempt, self._clock.now)
        match fate:
            case "answered":
                assert told == (job.status if is_held else LeaseLost)
            case "answer lost":
                assert told is LeaseLost
            case "unreachable":
                assert told is OperationalError
            case _:
                assert told is (Killed if is_held else LeaseLost)

    @rule(attempt=consumes(held))
    def die(self, attempt: ClaimedAttempt) -> None:
        """A worker is not heard of again."""

    @rule(steps=st.sampled_from([1, 2, 3, 6, -2]))
    def step_clock(self, steps: int) -> None:
        """Time passes, while everybody who holds anything is silent; or the clock of the database is set back."""
        if self._walked.unswept + steps * STEP_SECONDS > MOST_UNSWEPT:
            self.sweep(is_doubled=False)
        self._clock.step(steps * STEP_SECONDS)
        self._walked.unswept += max(0, steps * STEP_SECONDS)

    @rule(is_doubled=st.booleans())
    def sweep(self, is_doubled: bool) -> None:
        """One sweep, or two at once."""
        (sweep_twice_at_once if is_doubled else sweep_once)()
        self._walked.sweep(self._clock.now)

    @rule(
        who=st.integers(0, 1),
        name=st.sampled_from(["max_queued_jobs", "max_running_jobs"]),
        limit=st.sampled_from([None, 1, 2]),
    )
    def limit(self, who: int, name: str, limit: int | None) -> None:
        """An operator sets, lowers, raises or lifts a limit."""
        account_id = self._senders[who].account_id
        with transaction() as session:
            set_limits(session, account_id=account_id, changes={name: limit})
        self._walked.accounts[account_id].set_limit(name, limit)

    @invariant()
    def rows_and_model_agree(self) -> None:
        """No rule is broken, and every row is as the model has it: what was accepted is there, ends do not change, and who
        lost its lease has changed nothing.
        """
        with transaction() as session:
            assert find_violations(session) == []
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
        for _ in range(3 + 2 * len(self._walked.jobs)):
            if self._walked.are_all_finished:
                break
            self.step_clock(steps=3)
            self.sweep(is_doubled=False)
            while not isinstance(attempt := self.hear(end="lives"), MultipleResults):
                self.end(attempt, how="success")
            self.rows_and_model_agree()
        assert self._walked.are_all_finished
        self._clock.step(STEP_SECONDS * 360)
        check_what_is_left(self._walked, self._senders)
