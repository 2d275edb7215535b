"""One soak, from the first job to the verdict."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import psycopg

from infra.local.webhook_listener import listening
from tests.faults.proxy import Proxy
from tests.faults.service import LEASE_SECONDS, Service, serving
from tests.soak.customers import Customer, open_accounts
from tests.soak.ground import Ground
from tests.soak.keeper import Keeper
from tests.soak.kinds import KINDS, LANES
from tests.soak.pace import Pace
from tests.soak.plan import Plan, PlannedFault, build_plan
from tests.soak.receiver import Receiver
from tests.soak.result import Result, read_result
from tests.soak.traffic import Traffic
from tests.soak.verdict import Told, find_broken_rules

_SENDERS = 8

#: Jobs that wait or run at any time, at most.
_UNFINISHED = 40

#: After everything was healed: until every job has ended and every webhook that is due was sent.
_END_SECONDS = 180

_SETTINGS = {
    "RENDER_CONCURRENCY": "4",
    # Several processes share a few cores: more threads of OpenMP's would only wait for each other.
    "OMP_NUM_THREADS": "1",
    "CHECKPOINT_SECONDS": "0.5",
    "ORPHAN_GRACE_SECONDS": "60",
    "LIVENESS_SECONDS": "20",
    "STUCK_AFTER_SECONDS": "60",
    "API_THREADS": "16",
    "LOG_LEVEL": "warning",
}


def soak(*, jobs: int, seed: int, faults: int, workers: int = 3) -> Result:
    """Send so many jobs while so many faults happen, heal everything, and see what became of every job."""
    plan = build_plan(seed, jobs=jobs, faults=faults, lanes=LANES)
    started = time.monotonic()
    with ExitStack() as stack:
        service = stack.enter_context(serving(workers=workers, settings=_SETTINGS))
        listener = stack.enter_context(listening())
        link = stack.enter_context(Proxy(listener.server_port))
        keeper = Keeper(service.stack, seed, lease_seconds=LEASE_SECONDS)
        ground = Ground(service, keeper, link)
        customers = open_accounts(service, f"http://127.0.0.1:{link.port}/webhooks")
        soaking = _Soaking(plan, ground, customers, Receiver(listener, customers))
        soaking.run()
        broken = find_broken_rules(service, Told(soaking.traffic, customers, soaking.receiver.received), seed=seed)
        return read_result(
            service,
            plan,
            soaking.traffic,
            injected=soaking.injected,
            starts=sum(keeper.starts.values()),
            webhooks=len(soaking.receiver.received),
            broken=broken,
            seconds=time.monotonic() - started,
        )


class _Soaking:
    """The threads of a soak: those that send, those that break, and those that keep things going."""

    def __init__(self, plan: Plan, ground: Ground, customers: Sequence[Customer], receiver: Receiver) -> None:
        self.injected: Counter[str] = Counter()
        self.receiver = receiver
        self._plan = plan
        self._ground = ground
        self._pace = Pace(
            orders=len(plan.orders), lanes=LANES, ahead=max(20, len(plan.orders) // 100), most_unfinished=_UNFINISHED
        )
        self.traffic = Traffic(plan, customers, self._pace)

    def run(self) -> None:
        """All of it. Raises what any of the threads has raised."""
        is_over = threading.Event()
        service, keeper = self._ground.service, self._ground.keeper
        with ThreadPoolExecutor(max_workers=32, thread_name_prefix="soak") as threads:
            busy: list[Future[None]] = [threads.submit(self._break, lane) for lane in LANES]
            busy += [threads.submit(self.traffic.send_orders) for _ in range(_SENDERS)]
            background = [
                threads.submit(keeper.run),
                threads.submit(self._pace.watch, lambda: _count_unfinished(service), is_over),
                threads.submit(self.traffic.send_cancels, is_over),
                threads.submit(self.receiver.run, is_over),
            ]
            keeper.arm_all()
            try:
                for future in busy:
                    future.result()
                keeper.disarm()
                self._ground.heal()
                _wait_for_the_end(service)
            finally:
                self._pace.give_up()
                keeper.close()
                is_over.set()
            for future in background:
                future.result()

    def _break(self, lane: str) -> None:
        for fault in self._plan.faults[lane]:
            self._pace.wait_for_fault(lane, fault.after_orders)
            self._inject(fault)
        self._pace.wait_for_fault(lane, math.inf)

    def _inject(self, fault: PlannedFault) -> None:
        KINDS[fault.kind](self._ground, random.Random(fault.seed))
        self.injected[fault.kind] += 1


def _count_unfinished(service: Service) -> int:
    [(count,)] = service.query("select count(*) from jobs where finished_at is null")
    return int(count)


def _wait_for_the_end(service: Service) -> None:
    """Return when every job has ended and no webhook is due, or when that has taken too long: the verdict says so."""
    gives_up_at = time.monotonic() + _END_SECONDS
    while time.monotonic() < gives_up_at:
        try:
            [(is_over,)] = service.query(
                "select not exists (select from jobs where finished_at is null) and not exists (select from "
                "webhook_deliveries where status = 'pending' and next_attempt_at < now() + interval '20 seconds')"
            )
        except psycopg.OperationalError:
            is_over = False
        if is_over:
            return
        time.sleep(0.2)
