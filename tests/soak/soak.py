"""The threads of a soak: those that send, those that break, and those that keep things going."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from tests.faults.service import Service
from tests.soak.ground import Ground
from tests.soak.kinds import KINDS
from tests.soak.pace import Pace
from tests.soak.plan import Plan
from tests.soak.receiver import Receiver
from tests.soak.traffic import Traffic
from tests.soak.verdict import Told

_SENDERS = 8

#: After everything was healed: until every job has ended and every webhook that is due was sent.
_END_SECONDS = 300

_TELL_SECONDS = 10


@dataclass(frozen=True)
class Broken:
    """A fault of the plan, and when it began and ended, in seconds of the wall clock."""

    kind: str
    begin: float
    end: float


class Soak:
    """One soak on a service that runs."""

    def __init__(self, plan: Plan, ground: Ground, traffic: Traffic, receiver: Receiver, pace: Pace) -> None:
        self.plan = plan
        self.ground = ground
        self.traffic = traffic
        self.injected: Counter[str] = Counter()
        self.broken: list[Broken] = []
        self._receiver = receiver
        self._pace = pace

    @property
    def service(self) -> Service:
        """The service."""
        return self.ground.service

    @property
    def told(self) -> Told:
        """What the customers know."""
        return Told(self.traffic, self._receiver.received)

    def run(self, webhook_seconds: float, tell: Callable[[str], None]) -> None:
        """All of it. Raises what any of the threads has raised."""
        is_over = threading.Event()
        keeper = self.ground.keeper
        with ThreadPoolExecutor(max_workers=32, thread_name_prefix="soak") as threads:
            busy: list[Future[None]] = [threads.submit(self._break, lane) for lane in self.plan.faults]
            busy += [threads.submit(self.traffic.send_orders) for _ in range(_SENDERS)]
            background = [
                threads.submit(keeper.run),
                threads.submit(self._pace.watch, self._count_unfinished, is_over),
                threads.submit(self.traffic.send_what_is_due, is_over),
                threads.submit(self._receiver.run, is_over),
                threads.submit(self._tell_often, tell, is_over),
            ]
            try:
                for future in busy:
                    future.result()
                keeper.disarm()
                self.ground.heal()
                self._wait_for_the_end(webhook_seconds)
            finally:
                self._pace.give_up()
                keeper.close()
                background[0].result()
                # What is sent from now on would be missing among what has come in.
                for dispatcher in keeper.parts_of("dispatcher"):
                    dispatcher.stop()
                is_over.set()
            for future in background:
                future.result()

    def _break(self, lane: str) -> None:
        for fault in self.plan.faults[lane]:
            self._pace.wait_for_fault(lane, fault.after_orders)
            started = time.time()
            KINDS[fault.kind](self.ground, random.Random(fault.seed))
            self.broken.append(Broken(fault.kind, started, time.time()))
            self.injected[fault.kind] += 1
        self._pace.wait_for_fault(lane, math.inf)

    def _tell_often(self, tell: Callable[[str], None], is_over: threading.Event) -> None:
        while not is_over.wait(_TELL_SECONDS):
            tell(f"{self._pace.describe()}, {self.injected.total()} faults")

    def _count_unfinished(self) -> int:
        [(count,)] = self.service.query("select count(*) from jobs where finished_at is null")
        return int(count)

    def _wait_for_the_end(self, webhook_seconds: float) -> None:
        """Return when every job has ended, no webhook is due and customers have deleted what they wanted to; or when that takes
        too long, which the verdict says.
        """
        gives_up_at = time.monotonic() + _END_SECONDS
        while time.monotonic() < gives_up_at:
            try:
                [(is_over,)] = self.service.query(
                    "select not exists (select from jobs where finished_at is null) and not exists (select from "
                    "webhook_deliveries where status = 'pending' and next_attempt_at < now() + make_interval(secs => %s))",
                    webhook_seconds,
                )
            except psycopg.OperationalError:
                is_over = False
            if is_over and not self.traffic.has_more_to_do():
                return
            time.sleep(0.2)
