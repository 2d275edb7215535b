"""A thread that sends news of jobs to Redis, so that nobody waits for it. What cannot be sent is lost: rows show it later."""

from __future__ import annotations

import threading
import time
from functools import cache
from queue import Empty, SimpleQueue
from uuid import UUID

import redis
import structlog

from core.live_events.channels import CANCELS_CHANNEL, JOBS_CHANNEL, KEPT_SECONDS, MOST_EVENTS, stream_key
from core.live_events.message import JobMessage, Progress, join_messages
from core.logs import describe_error
from core.metrics import LIVE_EVENTS_LOST, LIVE_EVENTS_SENT
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client, time_limit
from core.settings import get_settings

#: Messages that may wait to be sent, and those of one round trip.
_MOST_WAITING = 2_000
_MOST_AT_ONCE = 100

#: Seconds in which more may come that goes along: the price of a round trip is nearly the same for one as for all.
_GATHER_SECONDS = 0.002

#: Seconds for one round trip, and without a try after one that failed.
_SEND_SECONDS = 1.0
_BREAKER_SECONDS = 2.0

_log = structlog.get_logger()

#: A job whose cancel was committed.
_Item = JobMessage | UUID | threading.Event


class EventSender:
    """Sends in the order of the calls. The thread starts with the first one, so a process may be forked before."""

    def __init__(self, redis_url: str) -> None:
        self._redis = bounded_client(parse_redis_url(redis_url), command_seconds=_SEND_SECONDS)
        self._waiting: SimpleQueue[_Item] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._silent_until = 0.0

    def announce(self, account_id: UUID, job_id: UUID) -> None:
        """A row of the job has changed: call it after the commit. Never raises or waits."""
        self._put(JobMessage(account_id, job_id))

    def report(self, account_id: UUID, job_id: UUID, progress: Progress) -> None:
        """Something happened inside an attempt of the job. Never raises or waits."""
        self._put(JobMessage(account_id, job_id, progress))

    def announce_cancel(self, job_id: UUID) -> None:
        """A running job is to be cancelled: call it after the commit. Never raises or waits."""
        self._put(job_id)

    def flush(self, seconds: float = _SEND_SECONDS) -> bool:
        """Wait, for `seconds` at most, until everything before has been tried. Returns whether it has."""
        if self._thread is None:
            return True
        is_through = threading.Event()
        self._waiting.put(is_through)
        return is_through.wait(seconds)

    def _put(self, item: JobMessage | UUID) -> None:
        if self._waiting.qsize() >= _MOST_WAITING:
            LIVE_EVENTS_LOST.inc()
            return
        self._waiting.put(item)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event-sender", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            time.sleep(_GATHER_SECONDS)
            items = [first, *self._take_waiting()]
            news = [item for item in items if not isinstance(item, threading.Event)]
            has_sent = not news or self._try_to_send(news)
            (LIVE_EVENTS_SENT if has_sent else LIVE_EVENTS_LOST).inc(len(news))
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()

    def _take_waiting(self) -> list[_Item]:
        items: list[_Item] = []
        try:
            while len(items) < _MOST_AT_ONCE:
                items.append(self._waiting.get_nowait())
        except Empty:
            return items
        return items

    def _try_to_send(self, news: list[JobMessage | UUID]) -> bool:
        if time.monotonic() < self._silent_until:
            return False
        try:
            with time_limit(_SEND_SECONDS):
                self._send(news)
        except Exception as error:  # noqa: BLE001  (whatever it is, the job and the thread go on)
            self._silent_until = time.monotonic() + _BREAKER_SECONDS
            _log.warning("events_not_sent", events=len(news), error=describe_error(error))
            return False
        return True

    def _send(self, news: list[JobMessage | UUID]) -> None:
        # Equal ones once: that a row has changed is true however often it is said.
        messages = list(dict.fromkeys(item.encode() for item in news if isinstance(item, JobMessage)))
        pipeline = self._redis.pipeline(transaction=False)
        for item in news:
            if isinstance(item, UUID):
                pipeline.publish(CANCELS_CHANNEL, item.hex)
            elif item.progress is not None:
                _add_to_stream(pipeline, item.job_id, item.progress)
        if messages:
            pipeline.publish(JOBS_CHANNEL, join_messages(messages))
        # An event whose number does not grow is refused by its stream: it comes from a worker that lost the job.
        pipeline.execute(raise_on_error=False)


def _add_to_stream(pipeline: redis.client.Pipeline, job_id: UUID, progress: Progress) -> None:
    key = stream_key(job_id)
    pipeline.xadd(key, {"e": progress.encode()}, id=f"{progress.number}-0", maxlen=MOST_EVENTS, approximate=True)
    pipeline.expire(key, KEPT_SECONDS)


@cache
def get_event_sender() -> EventSender:
    """The sender of this process, built on first use."""
    return EventSender(get_settings().redis_url)
