"""When a job ends, estimated from what jobs like those before it took lately. Pure.

Workers are taken as servers of one queue, each of which shares its time among a few jobs. A job starts when so much of the work
before it is done that a slot is free: at that moment the other slots hold jobs that are half done on average. From then on it
takes the longer the more jobs its worker holds: in the beginning those that are there, later as many as there were lately.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.jobs.queue.outlook import PoolOutlook
from core.pools.speed import Speed

#: What the wait for a start may grow to in one of ten cases, by jobs that come later and go before, and by uneven work.
_LATER_SHARE = 1.6

#: The same for the time that a job itself takes, by jobs that come later and share its worker.
_MORE_COMPANY = 1.5

#: After its last step a job's pictures are still decoded and stored.
_LEAST_SHARE_LEFT = 0.05

#: Seconds of a claim and a ring, and of a clock that is read once a second.
_LEAST_SECONDS = 0.1


@dataclass(frozen=True)
class Estimate:
    """Seconds until a job ends."""

    #: Half of such jobs end sooner, and nine of ten.
    p50: float
    p90: float


def estimate_end(
    pool: PoolOutlook, *, model: str, cost: float, jobs_before: int, delay: float = 0.0
) -> Estimate | None:
    """Returns when a queued job ends, or None if nobody is there or nothing was measured yet. `delay`: seconds until it may be
    claimed.
    """
    speed = pool.find_speed(model)
    if speed is None or not pool.workers:
        return None
    start = max(delay, _estimate_start(pool, jobs_before))
    if model not in pool.loaded:
        start += speed.load_seconds
    company = _estimate_company(pool, speed, jobs_before)
    own = speed.wall(cost, company=company)
    return Estimate(
        p50=_LEAST_SECONDS + start + own,
        p90=_LEAST_SECONDS + start * _LATER_SHARE + own * speed.p90 * _MORE_COMPANY,
    )


def estimate_rest(pool: PoolOutlook, *, model: str, cost: float, share_left: float) -> Estimate | None:
    """Returns when a running job ends, of which this share is left; None if nothing was measured yet."""
    speed = pool.find_speed(model)
    if speed is None:
        return None
    left = max(share_left, _LEAST_SHARE_LEFT) * speed.wall(cost, company=_estimate_company(pool, speed, 0))
    if model not in pool.loaded and model in pool.loading:
        left += speed.load_seconds
    return Estimate(p50=left, p90=left * speed.p90 * _MORE_COMPANY)


def _estimate_start(pool: PoolOutlook, jobs_before: int) -> float:
    jobs = jobs_before + sum(count for count, _ in pool.running.values())
    slots = pool.workers * max((speed.width for speed in pool.speeds.values()), default=1)
    if jobs < slots:
        return 0.0
    work = pool.work_before(jobs_before)
    for model, (count, cost) in pool.running.items():
        speed = pool.find_speed(model)
        work += 0.0 if speed is None else speed.work(cost, jobs=count)
    half_done = (slots - 1) * (work / jobs) / 2
    return max(0.0, work - half_done) / pool.workers


def _estimate_company(pool: PoolOutlook, speed: Speed, jobs_before: int) -> float:
    running = sum(count for count, _ in pool.running.values())
    workers = max(1, pool.workers)
    at_first = min(max(speed.width, 1), (running + jobs_before) / workers + 1)
    return (at_first + max(1.0, speed.company)) / 2
