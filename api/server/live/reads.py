"""What the hub has to know of the database, read by a thread of its own: many jobs with each statement."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any
from uuid import UUID

import structlog

from core.database import autocommit, transaction
from core.jobs.events.account_jobs import AccountJob, list_new_jobs
from core.jobs.events.job_history import JobHistory, read_histories
from core.jobs.events.queue_places import read_places
from core.jobs.events.read_events import read_finished_jobs
from core.live_events.message import Progress
from core.live_events.streams import read_streams
from core.logs import describe_error

#: Ended jobs that one answer shows whole.
_MOST_WHOLE = 32

#: Seconds after a read that failed.
_PAUSE_SECONDS = 1.0

_log = structlog.get_logger()


@dataclass
class ReadRequest:
    """What is to be read at once."""

    #: Jobs whose rows are to be read; of some also the stream after a number, or the whole job if it has ended.
    job_ids: list[UUID] = field(default_factory=list)
    streams: dict[UUID, int] = field(default_factory=dict)
    wanted_whole: set[UUID] = field(default_factory=set)
    #: Jobs whose places in the queue are to be read.
    places: list[UUID] = field(default_factory=list)
    #: By account: jobs with larger ids are to be listed.
    newest: dict[UUID, UUID] = field(default_factory=dict)


@dataclass
class ReadAnswer:
    """What was read."""

    request: ReadRequest
    #: Whether the database has answered; otherwise everything else is empty.
    is_read: bool
    histories: dict[UUID, JobHistory] = field(default_factory=dict)
    streams: dict[UUID, list[Progress]] = field(default_factory=dict)
    whole: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    places: dict[UUID, int] = field(default_factory=dict)
    new_jobs: list[AccountJob] = field(default_factory=list)


class Reader:
    """A thread that reads one request after the other."""

    def __init__(self, name: str, answer: Callable[[ReadAnswer], None]) -> None:
        """`answer` is called in this thread."""
        self._answer = answer
        self._requests: SimpleQueue[ReadRequest] = SimpleQueue()
        #: Whether an answer is still to come; of the thread that asks.
        self.is_busy = False
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def ask(self, request: ReadRequest) -> None:
        """Have it read."""
        self.is_busy = True
        self._requests.put(request)

    def _run(self) -> None:
        while True:
            request = self._requests.get()
            try:
                answer = _read(request)
            except Exception as error:  # noqa: BLE001  (whatever it is, the next read may succeed)
                _log.warning("watched_jobs_not_read", jobs=len(request.job_ids), error=describe_error(error))
                time.sleep(_PAUSE_SECONDS)
                answer = ReadAnswer(request, is_read=False)
            self._answer(answer)


def _read(request: ReadRequest) -> ReadAnswer:
    answer = ReadAnswer(request, is_read=True)
    with autocommit() as connection:
        if request.job_ids:
            answer.histories = read_histories(connection, request.job_ids)
        if request.places:
            answer.places = read_places(connection, request.places)
        if request.newest:
            answer.new_jobs = list_new_jobs(connection, request.newest)
    ended = [job_id for job_id in request.wanted_whole if _has_ended(answer, job_id)][:_MOST_WHOLE]
    if ended:
        with transaction() as session:
            answer.whole = read_finished_jobs(session, ended)
    answer.streams = read_streams(request.streams)
    return answer


def _has_ended(answer: ReadAnswer, job_id: UUID) -> bool:
    history = answer.histories.get(job_id)
    return history is not None and history.is_finished
