"""The calls that wait for a forward: which of them share one, and which group goes first. Time is passed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from worker.rendering.batching.batch_job import BatchJob
from worker.rendering.batching.call import DenoiserCall

#: While other runners work, a runner takes up to this multiple of its part of the rows: it is better to keep groups of about
#: the same size together than to split them again and again.
_SLACK = 1.25


@dataclass
class _Service:
    """The device time that a key's jobs have had."""

    #: Seconds of forwards for each job of the key, as if the key had always been here.
    virtual_seconds: float
    #: Seconds of its latest forward.
    forward_seconds: float | None = None


@dataclass(frozen=True)
class NextGroup:
    """The calls for one forward; or none, and the seconds until there may be some (None: only after another call)."""

    calls: list[DenoiserCall] = field(default_factory=list)
    wait_seconds: float | None = None


class ParkedCalls:
    """The parked calls in groups of equal keys. Its owner holds a lock around every call.

    A group is ready if it has a runner's part of all rows, if every job whose last call had its key has called again
    (except jobs in a running forward), or if its oldest call has waited long enough. Ready groups take turns by the time
    that each of their jobs has had, so that a job of a rare size gets as much of the device as a job of a common one.
    Calls of deterministic jobs have all cores of a CPU, so one of them runs at a time, beside calls of other jobs.
    """

    def __init__(self, *, runners: int = 1) -> None:
        """`runners` forwards may run at a time: the jobs split into as many groups, which run side by side."""
        self._runners = runners
        self._running: list[list[DenoiserCall]] = []
        self._calls: dict[Hashable, list[DenoiserCall]] = {}
        self._in_flight: set[BatchJob] = set()
        self._services: dict[Hashable, _Service] = {}
        #: The virtual seconds of the latest key whose turn it was; never decreases.
        self._virtual_now = 0.0
        #: Seconds from a job's answer to its next call: a moving average.
        self._turnaround_seconds = 0.002
        self._answered_at: dict[BatchJob, float] = {}

    @property
    def jobs_in_flight(self) -> int:
        return len(self._in_flight)

    def park(self, call: DenoiserCall, now: float) -> None:
        """Park a call. Its job is in flight from now on."""
        job = call.job
        answered_at = self._answered_at.pop(job, None)
        if answered_at is not None:
            self._turnaround_seconds += 0.1 * (min(now - answered_at, 1.0) - self._turnaround_seconds)
        call.parked_at = now
        job.last_key = call.key
        job.last_rows = call.rows.count
        self._in_flight.add(job)
        if call.key not in self._calls:
            self._calls[call.key] = []
            self._start_clock(call.key)
        self._calls[call.key].append(call)

    def leave(self, job: BatchJob) -> None:
        """No group waits for the job any more: it has made its last call, or has ended."""
        self._in_flight.discard(job)
        self._answered_at.pop(job, None)
        self._forget_idle_keys()

    def take_all(self) -> list[DenoiserCall]:
        """Remove and return all parked calls, so that they can be failed."""
        calls = [call for group in self._calls.values() for call in group]
        self._calls.clear()
        return calls

    def take_next(self, now: float, most_rows: Callable[[Hashable], int]) -> NextGroup:
        """The group whose turn it is, oldest calls first, within the rows that its shape may have at once (a call with more
        rows goes alone). Calls that do not fit stay for the next turn. The group counts as running until `answer`.
        """
        waiting = {key: self._ready_in(key, now) for key, calls in self._calls.items() if self._may_run(calls)}
        if not waiting:
            return NextGroup()
        ready = [key for key, seconds in waiting.items() if seconds <= 0]
        if not ready:
            return NextGroup(wait_seconds=min(waiting.values()))
        key = min(ready, key=lambda key: self._services[key].virtual_seconds)
        self._virtual_now = max(self._virtual_now, self._services[key].virtual_seconds)
        taken = self._take(key, most_rows)
        self._running.append(taken)
        return NextGroup(taken)

    def answer(self, calls: list[DenoiserCall], now: float) -> None:
        """The group's forward has ended, and its calls are about to be answered."""
        self._running.remove(calls)
        for call in calls:
            if call.job in self._in_flight:
                self._answered_at[call.job] = now

    def record(self, key: Hashable, jobs: int, seconds: float) -> None:
        """A forward of calls of the key, one for each of `jobs` jobs, took `seconds`."""
        service = self._services.get(key)
        if service is not None:
            service.virtual_seconds += seconds / jobs
            service.forward_seconds = seconds
        self._forget_idle_keys()

    def _may_run(self, calls: list[DenoiserCall]) -> bool:
        return not calls[0].job.goes_alone or not any(group[0].job.goes_alone for group in self._running)

    def _take(self, key: Hashable, most_rows: Callable[[Hashable], int]) -> list[DenoiserCall]:
        parked = self._calls.pop(key)
        part = self._part_of_rows() * (_SLACK if self._running else 1.0)
        rows_left = min(most_rows(parked[0].shape), math.ceil(part))
        taken: list[DenoiserCall] = []
        for call in list(parked):
            if taken and call.rows.count > rows_left:
                break
            taken.append(call)
            parked.remove(call)
            rows_left -= call.rows.count
        if parked:
            self._calls[key] = parked
        return taken

    def _ready_in(self, key: Hashable, now: float) -> float:
        """Seconds until the group is ready at the latest; 0 or less if it is ready."""
        calls = self._calls[key]
        if sum(call.rows.count for call in calls) >= self._part_of_rows():
            return 0.0
        not_awaited = {call.job for group in (calls, *self._running) for call in group}
        if all(job in not_awaited for job in self._in_flight if job.last_key == key):
            return 0.0
        forward = self._services[key].forward_seconds
        # Waiting costs device time: it is not worth it for a job that is slow to call again.
        longest = min(4 * self._turnaround_seconds, 0.5 * forward if forward is not None else 0.05)
        return calls[0].parked_at + longest - now

    def _part_of_rows(self) -> float:
        """A runner's number of rows if all runners have an equal part."""
        return sum(job.last_rows for job in self._in_flight) / self._runners

    def _start_clock(self, key: Hashable) -> None:
        """A key that arrives, or returns, has no claim to the turns that it missed, and keeps the time that it has had."""
        service = self._services.setdefault(key, _Service(0.0))
        service.virtual_seconds = max(service.virtual_seconds, self._virtual_now)

    def _forget_idle_keys(self) -> None:
        alive = {job.last_key for job in self._in_flight} | set(self._calls)
        # A key that has had more time than the others is kept: its job may only be at another key now, as a ControlNet's
        # and its denoiser's calls alternate.
        for key in [key for key in self._services if key not in alive]:
            if not alive or self._services[key].virtual_seconds <= self._virtual_now:
                del self._services[key]
