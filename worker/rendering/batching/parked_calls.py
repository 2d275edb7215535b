"""The calls that wait for a forward: which of them go together, and which group goes first. Time is passed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from worker.rendering.batching.batch_job import BatchJob
from worker.rendering.batching.call import DenoiserCall

#: How much more than its part of the rows a runner takes while the others are at work: groups of about the same size
#: are better left together than split again and again.
_SLACK = 1.25


@dataclass
class _Service:
    """What a key's jobs have had so far."""

    #: Seconds of forwards for each job of the key, as if it had always been here.
    virtual_seconds: float
    #: Seconds of its latest forward.
    forward_seconds: float | None = None


@dataclass(frozen=True)
class NextGroup:
    """Calls for one forward, or (an empty list) the seconds until there may be some; None: until somebody calls."""

    calls: list[DenoiserCall] = field(default_factory=list)
    wait_seconds: float | None = None


class ParkedCalls:
    """Not safe by itself: its owner holds a lock.

    A group is ready when it is a runner's part of all the rows, when every job whose last call had its key has called
    again (but those that a forward is running for), or when its oldest call has waited long enough. Ready groups take
    turns by the time they have had for each of their jobs, so that a job of a rare size gets as much of the device as a
    job of a common one.
    """

    def __init__(self, *, runners: int = 1) -> None:
        """`runners` forwards may run at a time: the jobs split into as many groups, which go on side by side."""
        self._runners = runners
        self._running: list[list[DenoiserCall]] = []
        self._calls: dict[Hashable, list[DenoiserCall]] = {}
        self._in_flight: set[BatchJob] = set()
        self._services: dict[Hashable, _Service] = {}
        #: What the keys whose turn it was had had by then: never goes back.
        self._virtual_now = 0.0
        #: Seconds from a job's getting an answer to its next call; an average that forgets.
        self._turnaround_seconds = 0.002
        self._answered_at: dict[BatchJob, float] = {}

    @property
    def jobs_in_flight(self) -> int:
        return len(self._in_flight)

    def park(self, call: DenoiserCall, now: float) -> None:
        """A job calls, and is in flight from now on."""
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
        """Nobody waits for the job any more: it has made its last call, or gives up."""
        self._in_flight.discard(job)
        self._answered_at.pop(job, None)
        self._forget_idle_keys()

    def take_all(self) -> list[DenoiserCall]:
        """Everything that waits, to be told that nothing runs any more."""
        calls = [call for group in self._calls.values() for call in group]
        self._calls.clear()
        return calls

    def take_next(self, now: float, most_rows: Callable[[Hashable], int]) -> NextGroup:
        """The group whose turn it is, oldest calls first, within the rows that its shape may have at once (a call with
        more goes alone). What does not fit stays for the next turn. It counts as running until it is `answer`ed.
        """
        if not self._calls:
            return NextGroup()
        ready = [key for key in self._calls if self._ready_in(key, now) <= 0]
        if not ready:
            return NextGroup(wait_seconds=min(self._ready_in(key, now) for key in self._calls))
        key = min(ready, key=lambda key: self._services[key].virtual_seconds)
        self._virtual_now = max(self._virtual_now, self._services[key].virtual_seconds)
        taken = self._take(key, most_rows)
        self._running.append(taken)
        return NextGroup(taken)

    def answer(self, calls: list[DenoiserCall], now: float) -> None:
        """The calls are about to be answered."""
        self._running.remove(calls)
        for call in calls:
            if call.job in self._in_flight:
                self._answered_at[call.job] = now

    def record(self, calls: list[DenoiserCall], seconds: float) -> None:
        """A forward of these calls took so long."""
        service = self._services.get(calls[0].key)
        if service is not None:
            service.virtual_seconds += seconds / len(calls)
            service.forward_seconds = seconds
        self._forget_idle_keys()

    def _take(self, key: Hashable, most_rows: Callable[[Hashable], int]) -> list[DenoiserCall]:
        waiting = self._calls.pop(key)
        part = self._part_of_rows() * (_SLACK if self._running else 1.0)
        room = min(most_rows(waiting[0].shape), math.ceil(part))
        taken: list[DenoiserCall] = []
        for call in list(waiting):
            if taken and call.rows.count > room:
                break
            taken.append(call)
            waiting.remove(call)
            room -= call.rows.count
        if waiting:
            self._calls[key] = waiting
        return taken

    def _ready_in(self, key: Hashable, now: float) -> float:
        """Seconds until the group is not waited for any longer; 0 or less when it is ready."""
        calls = self._calls[key]
        if sum(call.rows.count for call in calls) >= self._part_of_rows():
            return 0.0
        not_awaited = {call.job for group in (calls, *self._running) for call in group}
        if all(job in not_awaited for job in self._in_flight if job.last_key == key):
            return 0.0
        forward = self._services[key].forward_seconds
        # Waiting costs the device's time: for a job that is slow to come back it is not worth it.
        longest = min(4 * self._turnaround_seconds, 0.5 * forward if forward is not None else 0.05)
        return calls[0].parked_at + longest - now

    def _part_of_rows(self) -> float:
        """Rows of a runner, when all have as much to do."""
        return sum(job.last_rows for job in self._in_flight) / self._runners

    def _start_clock(self, key: Hashable) -> None:
        """A key that comes (back) is owed nothing for the turns that it was not here for, and keeps what it owes."""
        service = self._services.setdefault(key, _Service(0.0))
        service.virtual_seconds = max(service.virtual_seconds, self._virtual_now)

    def _forget_idle_keys(self) -> None:
        alive = {job.last_key for job in self._in_flight} | set(self._calls)
        # One whose job has just called with another key (a ControlNet's and its denoiser's take turns) owes its time still.
        for key in [key for key in self._services if key not in alive]:
            if not alive or self._services[key].virtual_seconds <= self._virtual_now:
                del self._services[key]
