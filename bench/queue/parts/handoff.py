"""The time from the ring to the claim, of our doorbell and worker beside a process that waits in BRPOP, one at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

import redis

from bench.queue.bench import Bench, in_turns, wait_until
from bench.queue.noop_task import CLAIMS_FILE
from bench.queue.tables import empty_tables, fill_queue, submit_one
from core.accounts.create_account import create_account
from core.database import get_engine, transaction
from core.doorbell import RENDER_NEXT, WEBHOOK_QUEUE, get_doorbell, render_queue
from core.ids import format_id, new_id
from core.settings import get_settings
from infra.local.application import answers

_LIST = "bench-brpop"
_WARM_UP = 10
_SECONDS_TO_START = 60
#: Seconds between two rings; random, so that they do not keep step with anything periodic.
_PAUSES = (0.03, 0.07)


def measure_handoffs(bench: Bench) -> None:
    """Cells `handoff` in milliseconds: `brpop`, and ours until the ring is in the worker (`rung`) and until the claim's
    commit (`claimed`).
    """
    ours, floor = bench.logs / "claims.txt", bench.logs / "brpop.txt"
    pool = get_settings().render_pool
    empty_tables(get_engine())
    # So that the planner's statistics are those of a table in use.
    fill_queue(get_engine(), rows=1000, accounts=10, pool="not-served")
    port = bench.ports.reserve()
    worker = bench.process(
        "handoff-worker",
        *("-m", "bench.queue.noop_worker"),
        **{
            CLAIMS_FILE: str(ours),
            "RENDER_POOL": pool,
            "RENDER_CONCURRENCY": str(bench.plan.worker_threads),
            "WORKER_METRICS_PORT": str(port),
        },
    )
    popper = bench.process("brpop", *("-m", "bench.queue.peers.brpop", bench.redis_url(), _LIST, str(floor)))
    with worker, popper:
        wait_until(lambda: answers(port, "/metrics"), seconds=_SECONDS_TO_START, what="the start of the worker")
        client = bench.connect_redis()
        account_id = _open_account()
        _ring_many(account_id, pool, ours, _WARM_UP, seed="warm-up")
        _push_many(client, floor, _WARM_UP, seed="warm-up")
        for number in range(bench.plan.rounds):
            bench.say(f"hand-offs, round {number + 1} of {bench.plan.rounds}")
            for name in in_turns(["ours", "brpop"], f"handoff {number}"):
                if name == "brpop":
                    pushed = _push_many(client, floor, bench.plan.handoffs, seed=f"{number}")
                    bench.results.add("handoff", "brpop", "", measure_delays(pushed, _read(floor), column=0))
                else:
                    rung = _ring_many(account_id, pool, ours, bench.plan.handoffs, seed=f"{number}")
                    seen = _read(ours)
                    bench.results.add("handoff", "ours", "rung", measure_delays(rung, seen, column=0))
                    bench.results.add("handoff", "ours", "claimed", measure_delays(rung, seen, column=1))
        client.delete(WEBHOOK_QUEUE)


def measure_delays(sent: Mapping[str, int], seen: Mapping[str, list[int]], *, column: int) -> list[float]:
    """Milliseconds from each sending to the moment in a file's column. Raises KeyError for a key that never arrived."""
    return [(seen[key][column] - sent_at) / 1e6 for key, sent_at in sent.items()]


def _ring_many(account_id: UUID, pool: str, file: Path, count: int, *, seed: str) -> dict[str, int]:
    pauses = random.Random(seed)
    rung: dict[str, int] = {}
    for _ in range(count):
        with transaction() as session:
            job_id = submit_one(session, account_id)
        rung[str(job_id)] = time.monotonic_ns()
        get_doorbell().ring(
            render_queue(pool), RENDER_NEXT, pool=pool, rung_for=format_id("job", job_id), request_id="req_bench"
        )
        # Not before the worker is idle again: after each job it claims the next one without a ring.
        wait_until(partial(_has_last, file, str(job_id)), seconds=30, what="the end of the job")
        time.sleep(pauses.uniform(*_PAUSES))
    return rung


def _push_many(client: redis.Redis, file: Path, count: int, *, seed: str) -> dict[str, int]:
    pauses = random.Random(seed)
    pushed: dict[str, int] = {}
    for _ in range(count):
        key = str(new_id())
        pushed[key] = time.monotonic_ns()
        client.lpush(_LIST, key)
        wait_until(partial(_has_last, file, key), seconds=30, what="the arrival of a push")
        time.sleep(pauses.uniform(*_PAUSES))
    return pushed


def _has_last(file: Path, key: str) -> bool:
    return file.exists() and file.read_text(encoding="ascii").rpartition("\n")[0].rpartition("\n")[2].startswith(key)


def _read(file: Path) -> dict[str, list[int]]:
    if not file.exists():
        return {}
    lines = file.read_text(encoding="ascii").splitlines()
    return {key: [int(number) for number in numbers] for key, *numbers in (line.split() for line in lines)}


def _open_account() -> UUID:
    with transaction() as session:
        return create_account(session, name="bench").id
