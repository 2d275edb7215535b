"""Who watches jobs: streams, which get every event, and waits, which one event ends."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from core.jobs.events.event import JobEvent
from core.jobs.events.queue_places import build_place_event
from core.recall.recall import Recall

#: Jobs of which a stream of an account remembers what it has sent.
_MOST_REMEMBERED = 5_000


class Output(Protocol):
    """The connection of a stream."""

    def write(self, data: bytes) -> None: ...
    def finish(self) -> None: ...


class Watcher(Protocol):
    """What the hub needs of one. All calls come from the hub's thread."""

    #: None: all jobs of the account are watched.
    job_id: UUID | None
    account_id: UUID
    #: Whether the end of a job is to come with the whole job.
    needs_job: bool
    #: Whether it is interested in places in the queue.
    needs_place: bool
    #: Whether it wants what has happened since its number.
    needs_history: bool
    #: Events with larger numbers are wanted.
    after: int

    def offer(self, event: JobEvent | Recall) -> None: ...
    def offer_place(self, job_id: UUID, position: int) -> None: ...
    def end(self) -> None:
        """The job has ended, or is not there any more."""


class JobStream:
    """Sends the events of one job."""

    needs_job = needs_place = needs_history = True

    def __init__(self, output: Output, *, account_id: UUID, job_id: UUID, after: int) -> None:
        self.job_id: UUID | None = job_id
        self.account_id = account_id
        self.after = after
        self._output = output
        self._place: int | None = None

    def offer(self, event: JobEvent | Recall) -> None:
        if event.number > self.after:
            self.after = event.number
            self.send(event)

    def send(self, event: JobEvent | Recall) -> None:
        """Write the event, which is a new one."""
        self._output.write(event.to_sse(event.number))

    def offer_place(self, job_id: UUID, position: int) -> None:
        # A place is of the moment, and is not kept: its number is the next one of this reader, so that the next event that rows
        # show has a larger one.
        if position != self._place:
            self._place = position
            self.offer(build_place_event(job_id, self.after + 1, position))

    def end(self) -> None:
        self._output.finish()


class AccountStream:
    """Sends the events of all jobs of an account."""

    job_id: UUID | None = None
    needs_job = needs_place = needs_history = True

    def __init__(self, output: Output, *, account_id: UUID, after: int, wanted_after: int) -> None:
        """Events of jobs are sent if their numbers are larger than `wanted_after`; the ids on the wire begin after `after`."""
        self.account_id = account_id
        self.after = wanted_after
        self._last_id = after
        self._output = output
        #: The number of the last event of a job that was sent.
        self._sent: OrderedDict[UUID, int] = OrderedDict()

    def offer(self, event: JobEvent | Recall) -> None:
        if event.number <= self._sent.get(event.job_id, self.after):
            return
        self._sent[event.job_id] = event.number
        self._sent.move_to_end(event.job_id)
        if len(self._sent) > _MOST_REMEMBERED:
            self._sent.popitem(last=False)
        # Events of several jobs do not arrive in the order of their numbers.
        self._last_id = max(event.number, self._last_id + 1)
        self._output.write(event.to_sse(self._last_id))

    def offer_place(self, job_id: UUID, position: int) -> None:
        self.offer(build_place_event(job_id, self._sent.get(job_id, self.after) + 1, position))

    def end(self) -> None:
        """One of its jobs: the stream goes on."""


class EndWait:
    """Waits for the end of a job."""

    needs_job = needs_place = needs_history = False

    def __init__(self, resume: Callable[[int | None], None], *, account_id: UUID, job_id: UUID) -> None:
        """`resume` is called once the wait is over."""
        self.job_id: UUID | None = job_id
        self.account_id = account_id
        # Nothing that has happened is wanted.
        self.after = 2**63 - 1
        self._resume = resume

    def offer(self, event: JobEvent | Recall) -> None:
        """Only the end matters."""

    def offer_place(self, job_id: UUID, position: int) -> None:
        """Only the end matters."""

    def end(self) -> None:
        self._resume(None)


class EventWait:
    """Waits for the next event of a job."""

    needs_job = False
    needs_place = needs_history = True

    def __init__(self, resume: Callable[[int | None], None], *, account_id: UUID, job_id: UUID, after: int) -> None:
        self.job_id: UUID | None = job_id
        self.account_id = account_id
        self.after = after
        self._resume = resume
        self._place: int | None = None

    def offer(self, event: JobEvent | Recall) -> None:
        if event.number > self.after:
            self._resume(None)

    def offer_place(self, job_id: UUID, position: int) -> None:  # noqa: ARG002  (it has one job)
        # The first one is where the job stands: nobody knows whether the reader has seen it.
        if self._place is not None and position != self._place:
            self._resume(position)
        self._place = position

    def end(self) -> None:
        self._resume(None)
