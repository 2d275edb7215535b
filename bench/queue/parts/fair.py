"""A light account beside one that is 20 times as heavy: how long its jobs wait, and what fairness costs in throughput.

Workers are simulated: each claims through core, sleeps for the job's planned time, and finishes through
core. First come first served is the same queue with all jobs in one account: an account's own jobs keep their order.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from bench.queue.bench import Bench, in_turns
from bench.queue.noop_task import claim_like_a_worker, draw_nothing
from bench.queue.plan import Plan
from bench.queue.tables import empty_tables, submit_one
from bench.render.traffic import poisson_arrivals
from core.accounts.create_account import create_account
from core.database import get_engine, transaction
from core.settings import get_settings
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

Sender = Literal["light", "heavy"]

HEAVIER = 20
AT_ONCE, NOW_AND_THEN = "both at once", "now and then"
ALONE, FAIR, FIRST_COME = "alone", "fair", "first come"

_SCENARIOS = (AT_ONCE, NOW_AND_THEN)
_POLICIES = (ALONE, FAIR, FIRST_COME)
#: How far the work of a job may be from the mean, as a share of it.
_WORK_SPREAD = 0.5


@dataclass(frozen=True)
class Arrival:
    """A job to be sent. Seconds from the start."""

    sender: Sender
    at: float
    work_seconds: float


@dataclass
class Served:
    """A job's moments, in seconds from the start."""

    sender: Sender
    sent: float
    claimed: float
    finished: float


def measure_fairness(bench: Bench) -> None:
    """Cells `fair wait` (from sent to claimed) and `fair turnaround` (from sent to finished) of the light account, in
    seconds, and `fair throughput` of both, in jobs a second. System: the policy; load: the scenario.
    """
    plan = bench.plan
    for number in range(plan.fair_rounds):
        bench.say(f"fairness, round {number + 1} of {plan.fair_rounds}")
        for scenario in _SCENARIOS:
            arrivals = plan_arrivals(plan, scenario, seed=number)
            for policy in in_turns(_POLICIES, f"fair {scenario} {number}"):
                served = _Simulation(plan, policy, arrivals).run()
                light = [one for one in served if one.sender == "light"]
                bench.results.add("fair wait", policy, scenario, [one.claimed - one.sent for one in light])
                bench.results.add("fair turnaround", policy, scenario, [one.finished - one.sent for one in light])
                throughput = len(served) / max(one.finished for one in served)
                bench.results.add("fair throughput", policy, scenario, [throughput])


def plan_arrivals(plan: Plan, scenario: str, *, seed: int) -> list[Arrival]:
    """The arrivals of a scenario. All jobs of the heavy account are there at the start. Those of the light one are queued
    behind them, or arrive one by one while the workers are busy with the heavy account's.
    """
    lot = random.Random(f"work {seed}")

    def work() -> float:
        return plan.work_seconds * lot.uniform(1 - _WORK_SPREAD, 1 + _WORK_SPREAD)

    heavy = [Arrival("heavy", 0.0, work()) for _ in range(HEAVIER * plan.light_jobs)]
    moments = [0.0] * plan.light_jobs
    if scenario == NOW_AND_THEN:
        busy_seconds = sum(one.work_seconds for one in heavy) / plan.simulated_workers
        moments = poisson_arrivals(plan.light_jobs, rate=plan.light_jobs / busy_seconds, seed=seed)
    return [*heavy, *(Arrival("light", moment, work()) for moment in moments)]


@dataclass
class _Simulation:
    plan: Plan
    policy: str
    arrivals: Sequence[Arrival]
    _jobs: dict[UUID, tuple[Arrival, float]] = field(default_factory=dict)
    _served: list[Served] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)
    #: One release for each ring.
    _bell: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _successes: GroupSuccessWriter = field(default_factory=GroupSuccessWriter)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _begin: float = 0.0

    def run(self) -> list[Served]:
        """Returns the served jobs. Raises what a worker raised."""
        wanted = [one for one in self.arrivals if self.policy != ALONE or one.sender == "light"]
        accounts = self._open_accounts()
        there, coming = [one for one in wanted if one.at == 0], [one for one in wanted if one.at > 0]
        for arrival in there:
            self._submit(arrival, accounts)

        workers = [threading.Thread(target=self._work) for _ in range(self.plan.simulated_workers)]
        self._begin = time.perf_counter()
        self._bell.release(len(there) or 1)
        for worker in workers:
            worker.start()
        try:
            for arrival in coming:
                time.sleep(max(0.0, arrival.at - self._now()))
                self._submit(arrival, accounts)
                self._bell.release()
            while len(self._served) < len(wanted) and not self._errors:
                time.sleep(0.01)
        finally:
            self._is_over.set()
            self._bell.release(len(workers))
            for worker in workers:
                worker.join()
        for error in self._errors:
            raise error
        return self._served

    def _now(self) -> float:
        return time.perf_counter() - self._begin

    def _open_accounts(self) -> dict[Sender, UUID]:
        empty_tables(get_engine())
        with transaction() as session:
            light, heavy = (create_account(session, name=name).id for name in ("light", "heavy"))
        return {"light": light, "heavy": light if self.policy == FIRST_COME else heavy}

    def _submit(self, arrival: Arrival, accounts: dict[Sender, UUID]) -> None:
        sent = self._now() if arrival.at else 0.0
        with transaction() as session:
            job_id = submit_one(session, accounts[arrival.sender])
            # Before the commit: a worker may claim it the moment after.
            self._jobs[job_id] = arrival, sent

    def _work(self) -> None:
        try:
            while not self._is_over.is_set():
                self._bell.acquire()
                while self._serve_next():
                    continue
        except Exception as error:  # noqa: BLE001  (raised by run, in the thread that waits)
            self._errors.append(error)

    def _serve_next(self) -> bool:
        attempt = claim_like_a_worker(get_settings())
        if attempt is None:
            return False
        claimed = self._now()
        arrival, sent = self._jobs[attempt.job_id]
        time.sleep(arrival.work_seconds)
        self._successes.write(attempt_id=attempt.id, rendered=draw_nothing(attempt))
        self._served.append(Served(arrival.sender, sent, claimed, self._now()))
        return True
