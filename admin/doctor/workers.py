"""Whether somebody hears the rings, renews leases and sweeps, as the database and Redis show it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import redis
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from admin.doctor.finding import Area, Finding, in_one_line
from admin.doctor.redis_server import connect
from core.catalog import load_catalog
from core.database import build_engine
from core.doorbell import DELIVER_NEXT, MAINTENANCE_QUEUE, RENDER_NEXT, SWEEP, WEBHOOK_QUEUE, Doorbell, render_queue
from core.errors import InvalidCatalog
from core.settings import Settings

#: How long a ring may lie before it counts as not heard.
_RING_SECONDS = 5.0

#: Seconds that beat may be late.
_BEAT_SECONDS = 2.0

#: Seconds past the time of a sweep.
_LATE_SECONDS = 10.0

_workers = Area("workers")


def check_workers(settings: Settings) -> Iterator[Finding]:
    """A superfluous ring is sent to each queue: a worker that listens takes it, and finds nothing to do."""
    try:
        engine = build_engine(settings.database_url, pool_size=1, pooler=settings.database_pooler)
        with engine.connect() as connection:
            busy = _read_busy(connection)
            yield _check_sweep(connection, settings)
        engine.dispose()
    except SQLAlchemyError as error:
        reason = in_one_line(error.orig if isinstance(error, DBAPIError) and error.orig else error)
        yield _workers.error("check", f"not possible without the database: {reason}", "Correct the database first")
        return
    try:
        yield from _check_ears(settings, busy)
    except (redis.RedisError, OSError, ValueError) as error:
        yield _workers.error("check", f"not possible without Redis: {in_one_line(error)}", "Correct Redis first")


def _read_busy(connection: Connection) -> dict[str, int]:
    """Workers that renew leases, by pool."""
    rows = connection.execute(
        text("""
            SELECT pool, count(DISTINCT worker_id) AS workers FROM job_attempts JOIN jobs ON jobs.id = job_id
            WHERE job_attempts.status = 'running' AND lease_expires_at > now() GROUP BY pool
        """)
    )
    return {row.pool: row.workers for row in rows}


def _check_sweep(connection: Connection, settings: Settings) -> Finding:
    """Leases that ran out, and are still there after the time of several sweeps."""
    late = settings.sweep_seconds * 2 + _LATE_SECONDS
    forgotten = connection.scalar(
        text(
            "SELECT count(*) FROM job_attempts WHERE status = 'running' AND lease_expires_at < now() - make_interval(secs => :late)"
        ),
        {"late": late},
    )
    if forgotten:
        seen = f"{forgotten} leases ran out more than {late:g} s ago, and their jobs were not taken back"
        return _workers.error("sweep", seen, "Start a dispatcher and a beat: `python -m worker dispatch` and `… beat`")
    return _workers.ok("sweep", "no lease that ran out is left over")


def _check_beat(client: redis.Redis, settings: Settings) -> Iterator[Finding]:
    """Whether any client has rung within the time between two sweeps, as beat does for each of them."""
    try:
        clients = client.client_list()
    except redis.ResponseError:
        return  # not allowed everywhere
    quiet = settings.sweep_seconds + _BEAT_SECONDS
    if any(each["cmd"] == "lpush" and float(each["idle"]) <= quiet for each in clients):
        yield _workers.ok("beat", "somebody rings as often as it does")
    else:
        todo = "Start a beat: `python -m worker beat`"
        yield _workers.error("beat", f"nobody has rung for {quiet:g} s: no lost job is taken back", todo)


def _check_ears(settings: Settings, busy: dict[str, int]) -> Iterator[Finding]:
    try:
        catalog = load_catalog(
            settings.models_file, fetched_folder=settings.models_folder, lock_path=settings.models_lock
        )
        pools = sorted({entry.pool for entry in catalog.models.values()})
    except InvalidCatalog:
        pools = [settings.render_pool]
    queues = {render_queue(pool): RENDER_NEXT for pool in pools}
    queues |= {WEBHOOK_QUEUE: DELIVER_NEXT, MAINTENANCE_QUEUE: SWEEP}
    client = connect(settings)
    # Before the rings of this check, which would look like those of beat.
    yield from _check_beat(client, settings)
    doorbell = Doorbell(settings.redis_url)
    for queue, task in queues.items():
        doorbell.ring(queue, task)
    deadline = time.monotonic() + _RING_SECONDS
    waiting = set(queues)
    while waiting and time.monotonic() < deadline:
        time.sleep(0.1)
        waiting = {queue for queue in waiting if client.llen(queue)}

    for pool in pools:
        if render_queue(pool) not in waiting:
            yield _workers.ok(f"pool {pool}", "a rendering worker takes its rings")
        elif busy.get(pool):
            yield _workers.ok(f"pool {pool}", f"{busy[pool]} rendering workers are busy")
        else:
            todo = f"Start a worker of the pool: `python -m worker render` with RENDER_POOL={pool}"
            yield _workers.error(f"pool {pool}", "nobody takes its rings: jobs wait for ever", todo)
    if waiting & {WEBHOOK_QUEUE, MAINTENANCE_QUEUE}:
        seen = "nobody takes its rings: no webhook is sent, no lost job taken back, nothing deleted"
        yield _workers.error("dispatcher", seen, "Start a dispatcher: `python -m worker dispatch`")
    else:
        yield _workers.ok("dispatcher", "it takes its rings")
