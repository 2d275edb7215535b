"""Where an unfinished job stands: its position, when it ends, what it waits for, and what would change that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import Field

from core.jobs.priority import HELD, PAUSED
from core.jobs.queue.estimate import Estimate, estimate_end, estimate_rest
from core.jobs.queue.outlook import PoolOutlook
from core.jobs.queue.queue_position import COUNTED_UP_TO
from core.jobs.queue.readiness import explain_absence
from core.jobs.request.picture_addresses import list_addresses
from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.view import View

WaitingReason = Literal[
    "waiting_for_worker",
    "no_capable_worker",
    "loading_model",
    "fetching_pictures",
    "retrying",
    "account_limit",
    "paused",
]


class EtaView(View):
    """Seconds until the job ends, its rendering included."""

    p50: float = Field(description="Half of such jobs end sooner.", examples=[4.2])
    p90: float = Field(description="Nine of ten such jobs end sooner.", examples=[9.5])


class QueueView(View):
    """Where an unfinished job stands."""

    position: int | None = Field(description="Of a queued job: the queued jobs before it, counted up to 1,000.")
    eta_seconds: EtaView | None = Field(
        description="Seconds until the job ends, from what such jobs took lately and what is before it. Null: it has ended, it is "
        "paused or held, or nothing was measured yet."
    )
    reason: WaitingReason | None = Field(
        description="What it waits for. `waiting_for_worker`: its turn; `no_capable_worker`: a worker that serves its model, and "
        "none is there; `loading_model`: its model; `fetching_pictures`: what its request names by address; `retrying`: its next "
        "attempt; `account_limit`: the account runs as many jobs as it may; `paused`: its account or an operator has paused it."
    )
    message: str | None = Field(
        description="The reason as a sentence, with what would change it.",
        examples=["2 jobs are before this one; 1 worker takes the jobs of the pool 'default' in fair order."],
    )


#: Of a job that has ended.
NOT_WAITING = QueueView(position=None, eta_seconds=None, reason=None, message=None)


class WaitingJob(Protocol):
    """What decides where a job stands; the names are the columns'."""

    @property
    def status(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def pool(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def cost(self) -> float: ...
    @property
    def available_at(self) -> datetime: ...
    @property
    def attempts_used(self) -> int: ...
    @property
    def request(self) -> dict[str, Any]: ...
    @property
    def jobs_before(self) -> int | None: ...
    @property
    def account_is_paused(self) -> bool | None: ...


class Progress(Protocol):
    """How far the current attempt is."""

    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...


class _Place(NamedTuple):
    position: int | None
    reason: WaitingReason | None
    message: str | None
    #: Seconds until it may be claimed.
    delay: float = 0.0


_NO_PLACE = _Place(None, None, None)

#: Reasons of which nobody knows when they pass.
_WITHOUT_END = frozenset({"paused", "no_capable_worker", "account_limit", "fetching_pictures"})


def build_queue_view(
    job: WaitingJob, attempt: Progress | None, find_outlook: Callable[[str], PoolOutlook]
) -> QueueView:
    """Returns the block of a job. `attempt` is a running job's, and `find_outlook` finds the outlook of a pool."""
    if job.status in FINISHED:
        return NOT_WAITING
    outlook = find_outlook(job.pool)
    place = _find_place(job, attempt, outlook)
    estimate = None if place.reason in _WITHOUT_END else _estimate(job, attempt, place, outlook)
    return QueueView(position=place.position, eta_seconds=_show(estimate), reason=place.reason, message=place.message)


def name_place(
    job: WaitingJob, attempt: Progress | None, find_outlook: Callable[[str], PoolOutlook]
) -> tuple[object, ...]:
    """What the block of an unfinished job says, but for the estimate of its end, which changes with every second."""
    place = _find_place(job, attempt, find_outlook(job.pool))
    return (place.position, place.reason, place.message)


def explain(job: WaitingJob, outlook: PoolOutlook, *, delay: float) -> tuple[WaitingReason, str]:
    """Why a queued job waits, and what would change that. `delay`: seconds until its next attempt."""
    pool, model = repr(job.pool), repr(job.model)
    if addresses := list_addresses(job.request):
        return (
            "fetching_pictures",
            f"Pictures are fetched from the addresses in its request: {', '.join(sorted(addresses))}.",
        )
    if job.account_is_paused:
        return "paused", "The account has paused its jobs: POST /v1/queue/resume lets them start."
    if outlook.is_paused:
        return (
            "paused",
            f"An operator has paused the pool {pool}; the job keeps its place and starts when that is over.",
        )
    if job.model in outlook.paused_models:
        return (
            "paused",
            f"An operator has paused the model {model}; the job keeps its place and starts when that is over.",
        )
    if job.priority >= PAUSED:
        return "paused", "The job was paused, and takes its place again within seconds."
    if not outlook.serves(job.model):
        return "no_capable_worker", explain_absence(outlook, pool=job.pool, model=job.model)
    if delay > 0:
        start = job.available_at.astimezone(UTC)
        return "retrying", f"Attempt {job.attempts_used} failed; the next one starts after {start:%H:%M:%S} UTC."
    if job.priority >= HELD:
        return (
            "account_limit",
            "The account runs as many jobs as it may: this one starts when another one ends, or when an operator raises the limit.",
        )
    if outlook.workers and job.model not in outlook.loaded and job.model in outlook.loading:
        return "loading_model", f"A worker of the pool {pool} is loading the model {model}."
    return "waiting_for_worker", _explain_place(job.jobs_before or 0, outlook.workers, pool)


def _find_place(job: WaitingJob, attempt: Progress | None, outlook: PoolOutlook) -> _Place:
    if job.status == JobStatus.RUNNING and attempt is not None:
        is_loading = attempt.step == 0 and job.model in outlook.loading and job.model not in outlook.loaded
        return (
            _Place(None, "loading_model", f"Its worker is loading the model {job.model!r}.")
            if is_loading
            else _NO_PLACE
        )
    if job.jobs_before is None:
        return _NO_PLACE
    delay = (job.available_at - datetime.now(UTC)).total_seconds()
    # A job that has not been tried yet waits for nothing but a worker, whatever this machine's clock says.
    delay = max(0.0, delay) if job.attempts_used > 0 else 0.0
    return _Place(job.jobs_before, *explain(job, outlook, delay=delay), delay)


def _estimate(job: WaitingJob, attempt: Progress | None, place: _Place, outlook: PoolOutlook) -> Estimate | None:
    if attempt is not None and job.status == JobStatus.RUNNING:
        left = 1 - min(attempt.step, attempt.steps) / attempt.steps
        return estimate_rest(outlook, model=job.model, cost=job.cost, share_left=left)
    return estimate_end(outlook, model=job.model, cost=job.cost, jobs_before=place.position or 0, delay=place.delay)


def _explain_place(before: int, workers: int, pool: str) -> str:
    counted = f"at least {before:,}" if before >= COUNTED_UP_TO else f"{before:,}"
    first = "It is next" if before == 0 else f"{counted} job{'s are' if before != 1 else ' is'} before this one"
    if not workers:
        return f"{first}."
    verb = "workers take" if workers != 1 else "worker takes"
    return f"{first}; {workers} {verb} the jobs of the pool {pool} in fair order."


def _show(estimate: Estimate | None) -> EtaView | None:
    return None if estimate is None else EtaView(p50=round(estimate.p50, 2), p90=round(estimate.p90, 2))
