"""A service, customers and a receiver to soak."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from infra.local.webhook_listener import listening
from tests.faults.proxy import Proxy
from tests.faults.service import serving
from tests.soak.customers import open_accounts
from tests.soak.ground import Ground
from tests.soak.keeper import Keeper
from tests.soak.pace import Pace
from tests.soak.plan import Plan, draw_arms
from tests.soak.receiver import Receiver
from tests.soak.soak import Soak
from tests.soak.tiny_model import serving_tiny_model
from tests.soak.traffic import Traffic

#: Jobs that wait or run at any time, at most.
_UNFINISHED = 40

_SETTINGS = {
    "HEARTBEAT_SECONDS": "1",
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


@contextmanager
def soaking(
    plan: Plan,
    *,
    workers: int,
    lease_seconds: float,
    webhook_seconds: float,
    pooler: str | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Iterator[Soak]:
    """A service that has been through the plan and is healed: every job has ended. `webhook_seconds`: how far ahead a
    webhook may be due that is waited for. `pooler`: the mode of a PgBouncer before the database. `tell` hears now and then how far it is.
    """
    arms = draw_arms(plan.seed, jobs=len(plan.orders))
    first = ";".join(next(arms[role]) for role in arms)
    with ExitStack() as stack:
        model = stack.enter_context(serving_tiny_model())
        settings = _SETTINGS | model | {"LEASE_SECONDS": str(lease_seconds), "FAULT_POINTS": first}
        service = stack.enter_context(serving(workers=workers, settings=settings, pooler=pooler))
        del service.stack.environment["FAULT_POINTS"]
        listener = stack.enter_context(listening())
        link = stack.enter_context(Proxy(listener.server_port))
        customers = stack.enter_context(open_accounts(service, f"http://127.0.0.1:{link.port}/webhooks"))
        keeper = Keeper(service.stack, arms, random.Random(f"{plan.seed}:freezes"), lease_seconds=lease_seconds)
        pace = Pace(
            orders=len(plan.orders),
            lanes=plan.faults,
            ahead=max(20, len(plan.orders) // 100),
            most_unfinished=_UNFINISHED,
        )
        soak = Soak(
            plan,
            Ground(service, keeper, link, lease_seconds),
            Traffic(plan, customers, pace),
            Receiver(listener, customers),
            pace,
        )
        soak.run(webhook_seconds, tell)
        yield soak
