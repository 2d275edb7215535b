"""Streams of jobs in the words of other systems. To translate an event may take reads of pictures, so threads of their own do it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from uuid import UUID

import structlog

from api.server.live.watchers import JobStream, Output
from core.jobs.events.event import JobEvent
from core.recall.recall import Recall

#: Bytes that may wait for a reader: whole pictures are sent, as text.
MOST_TRANSLATED_BYTES = 128 * 1024 * 1024

#: Events that are translated at a time, in one process.
_THREADS = 4

_log = structlog.get_logger()


class TranslatedStream(JobStream):
    """Sends what a translation makes of each event of one job, in their order."""

    def __init__(
        self,
        output: Output,
        translate: Callable[[JobEvent], bytes],
        do: Callable[[Callable[[], None]], None],
        *,
        account_id: UUID,
        job_id: UUID,
    ) -> None:
        """`do` has a function called in the thread of the connections."""
        super().__init__(output, account_id=account_id, job_id=job_id, after=0)
        self._translate = translate
        self._do = do
        #: What is still to be translated; None: the end.
        self._waiting: deque[JobEvent | None] = deque()
        self._is_busy = False

    def send(self, event: JobEvent | Recall) -> None:
        """Translate the event, and write it when those before it are written."""
        if isinstance(event, JobEvent):
            self._waiting.append(event)
            self._translate_next()

    def end(self) -> None:
        self._waiting.append(None)
        self._translate_next()

    def _translate_next(self) -> None:
        if self._is_busy or not self._waiting:
            return
        event = self._waiting.popleft()
        if event is None:
            self._output.finish()
            return
        self._is_busy = True
        _threads().submit(self._work, event)

    def _work(self, event: JobEvent) -> None:
        try:
            data = self._translate(event)
        except Exception:  # noqa: BLE001  (one event must not end all others)
            _log.exception("event_not_translated", job_id=str(event.job_id), type=event.type)
            data = b""
        self._do(partial(self._take, data))

    def _take(self, data: bytes) -> None:
        self._is_busy = False
        if data:
            self._output.write(data)
        self._translate_next()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="translates-events")
