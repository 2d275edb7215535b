"""What a process knows of watched jobs: orders of things that no server can be made to keep."""

from __future__ import annotations

from api.server.live.hub import Hub
from api.server.live.reads import ReadAnswer, ReadRequest
from api.server.live.watchers import EndWait, JobStream
from core.ids import new_id
from core.jobs.events.event import JobEvent
from core.jobs.events.job_history import AttemptSpan, JobHistory
from core.jobs.status import JobStatus
from core.live_events.message import JobMessage, Progress

ACCOUNT, JOB = new_id(), new_id()

STEPS = [Progress(30, "step", 1, {"step": 1, "steps": 2}), Progress(40, "step", 1, {"step": 2, "steps": 2})]


class Written:
    """What a stream sends."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.is_finished = False

    def write(self, data: bytes) -> None:
        self.ids.append(int(data.split(b"\n")[0][4:]))

    def finish(self) -> None:
        self.is_finished = True


def watch(hub: Hub, after: int = 0) -> Written:
    """A new stream of the job."""
    written = Written()
    hub.add(JobStream(written, account_id=ACCOUNT, job_id=JOB, after=after))
    return written


def show(*, is_finished: bool) -> JobHistory:
    """What the job's rows show."""
    events = [JobEvent(JOB, 10, "queued", {}), JobEvent(JOB, 20, "started", {})]
    end = 50 if is_finished else None
    if is_finished:
        events.append(JobEvent(JOB, 50, "finished", {}))
    status = JobStatus.SUCCEEDED if is_finished else JobStatus.RUNNING
    return JobHistory(JOB, ACCOUNT, status, events, [AttemptSpan(1, 20, end, 0, 2, 21)])


def answer(hub: Hub, request: ReadRequest | None, *, is_finished: bool) -> None:
    """The rows, and what the stream has of the steps."""
    assert request is not None
    found = ReadAnswer(request, is_read=True, histories={JOB: show(is_finished=is_finished)})
    found.streams = {
        job_id: [step for step in STEPS if step.number > after] for job_id, after in request.streams.items()
    }
    if is_finished:
        found.whole = {job_id: {"status": "succeeded"} for job_id in request.wanted_whole}
    hub.take_answer(found)


def test_who_comes_while_the_end_is_read_misses_nothing() -> None:
    """The answer that is on its way lacks the steps of the newcomer: it waits for the next one."""
    hub = Hub()
    first = watch(hub)
    answer(hub, hub.build_request(), is_finished=False)
    hub.hear(JobMessage(ACCOUNT, JOB).encode().encode())
    request = hub.build_request()
    second = watch(hub)
    answer(hub, request, is_finished=True)
    assert (first.ids, first.is_finished) == ([10, 20, 30, 40, 50], True)
    assert second.ids == []

    answer(hub, hub.build_request(), is_finished=True)

    assert (second.ids, second.is_finished) == ([10, 20, 30, 40, 50], True)
    assert hub.build_request() is None


def test_a_step_that_comes_before_its_attempt_is_kept() -> None:
    """It is sent behind the start, which the rows show."""
    hub = Hub()
    written = watch(hub, after=10)
    request = hub.build_request()
    for step in STEPS:
        hub.hear(JobMessage(ACCOUNT, JOB, step).encode().encode())
    assert written.ids == []

    answer(hub, request, is_finished=False)

    assert written.ids == [20, 30, 40]


def test_a_read_that_failed_is_repeated_with_its_stream() -> None:
    """Nothing that a reader was to get is lost with a database that did not answer."""
    hub = Hub()
    written = watch(hub, after=30)
    request = hub.build_request()
    assert request is not None
    hub.take_answer(ReadAnswer(request, is_read=False))

    answer(hub, hub.build_request(), is_finished=False)

    assert written.ids == [40]


def test_who_leaves_is_forgotten() -> None:
    """A job that nobody watches is not read."""
    hub = Hub()
    waits: list[int | None] = []
    watcher = EndWait(waits.append, account_id=ACCOUNT, job_id=JOB)
    hub.add(watcher)
    hub.remove(watcher)
    assert hub.build_request() is None

    hub.hear(JobMessage(ACCOUNT, JOB).encode().encode())

    assert (hub.build_request(), waits) == (None, [])
