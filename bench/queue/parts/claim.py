"""The cost of a claim and of a sweep in queues of every size, each in a database of its own, to be measured in turns."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, make_url, text
from sqlalchemy.orm import Session

from bench.queue.bench import Bench, in_turns
from bench.queue.noop_task import prefer_like_a_worker
from bench.queue.tables import empty_tables, fill_queue
from bench.timing import time_transaction
from core.database import build_engine, get_engine
from core.jobs.attempts.open_attempt import open_first
from core.jobs.outcomes.rescue import rescue_expired
from core.jobs.queue.claimable import count_claimable
from core.jobs.queue.queue_figures import read_queue_figures
from core.settings import get_settings
from core.webhooks.claim_delivery import count_due_deliveries

_POOL = "default"
_WARM_UP = 5
#: The most jobs that one sweep rescues, and the most that it counts: as in worker/maintenance/sweep.py.
_EXPIRED = 100
_MOST_RINGS = 500
_IDLE_SWEEPS = 5

_EXPIRE = """
update job_attempts set lease_expires_at = now() - interval '1 second'
where id in (select id from job_attempts where status = 'running' order by id desc limit :attempts)
"""


@dataclass(frozen=True)
class _Queue:
    rows: int
    accounts: int
    engine: Engine


def measure_claims_and_sweeps(bench: Bench) -> None:
    """Cells `claim` (system: accounts, load: rows) and `sweep` (system: what it finds, load: rows), in milliseconds."""
    plan = bench.plan
    empty_tables(get_engine())
    # A database with a connection cannot be copied.
    get_engine().dispose()
    with ExitStack() as filled:
        queues = [
            filled.enter_context(_filled_queue(bench, rows=rows, accounts=accounts))
            for rows in plan.queue_sizes
            for accounts in plan.account_counts
        ]
        for queue in queues:
            _time_claims(queue.engine, _WARM_UP)
        for number in range(plan.rounds):
            bench.say(f"claims and sweeps, round {number + 1} of {plan.rounds}")
            for queue in in_turns(queues, f"claim {number}"):
                if "claim" in plan.parts:
                    times = _time_claims(queue.engine, plan.claims)
                    bench.results.add("claim", str(queue.accounts), str(queue.rows), times)
                if "sweep" in plan.parts and queue.accounts == plan.account_counts[-1]:
                    _measure_sweeps(bench, queue)


@contextmanager
def _filled_queue(bench: Bench, *, rows: int, accounts: int) -> Iterator[_Queue]:
    name = f"bench_{rows}_{accounts}"
    empty = make_url(get_settings().database_url)
    # It is copied through a connection to another database.
    maintenance = build_engine(empty.set(database="postgres").render_as_string(hide_password=False), pool_size=1)
    _run_alone(maintenance, f'create database "{name}" template "{empty.database}"')
    engine = build_engine(empty.set(database=name).render_as_string(hide_password=False), pool_size=2)
    try:
        begin = time.monotonic()
        fill_queue(engine, rows=rows, accounts=accounts, pool=_POOL)
        bench.say(f"{rows} rows of {accounts} accounts are queued ({time.monotonic() - begin:.0f} s)")
        yield _Queue(rows, accounts, engine)
    finally:
        engine.dispose()
        _run_alone(maintenance, f'drop database "{name}"')
        maintenance.dispose()


def _run_alone(engine: Engine, statement: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text(statement))


def _time_claims(engine: Engine, count: int) -> list[float]:
    """Milliseconds of each claim, the commit included."""
    settings = get_settings()
    prefer = prefer_like_a_worker(settings)

    def claim(session: Session) -> None:
        first = open_first(
            session.connection(), pool=_POOL, worker_id="bench", lease_seconds=settings.lease_seconds, prefer=prefer
        )
        if not first.opened:
            raise RuntimeError("the queue ran out: fewer claims, please")

    return [time_transaction(engine, claim) for _ in range(count)]


def _measure_sweeps(bench: Bench, queue: _Queue) -> None:
    load = str(queue.rows)
    bench.results.add(
        "sweep", "nothing expired", load, [time_transaction(queue.engine, _sweep) for _ in range(_IDLE_SWEEPS)]
    )
    if queue.rows > _EXPIRED * (bench.plan.rounds + 1):
        _time_claims(queue.engine, _EXPIRED)
        with queue.engine.begin() as connection:
            connection.execute(text(_EXPIRE), {"attempts": _EXPIRED})
        bench.results.add("sweep", f"{_EXPIRED} expired leases", load, [time_transaction(queue.engine, _sweep)])
    figures: Sequence[float] = [time_transaction(queue.engine, read_queue_figures)]
    bench.results.add("sweep", "queue figures of /metrics", load, figures)


def _sweep(session: Session) -> None:
    """The database's half of a sweep."""
    rescue_expired(session)
    count_claimable(session, at_most=_MOST_RINGS)
    count_due_deliveries(session, at_most=_MOST_RINGS)
