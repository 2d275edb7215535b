"""Static batching in process: jobs wait, and one thread renders. With one row in each batch it is the plain loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from bench.render.grouping import group_key
from bench.render.jobs import Job

#: The longest wait for further jobs if a job is the only one: clients that are answered together send again together.
WAIT_FOR_COMPANY_SECONDS = 0.02


class Batches:
    """A queue in front of a pipeline. `render` is for the clients' threads, `run` for the one that renders."""

    def __init__(self, render_batch: Callable[[Sequence[Job]], list[bytes]], *, max_rows: int) -> None:
        self._render_batch = render_batch
        self._max_rows = max_rows
        self._waiting: list[tuple[Job, Future[bytes]]] = []
        self._changed = threading.Condition()
        self._closed = False

    def render(self, job: Job) -> bytes:
        """Wait for the job's batch, and return its PNG."""
        answer: Future[bytes] = Future()
        with self._changed:
            self._waiting.append((job, answer))
            self._changed.notify_all()
        return answer.result()

    def run(self) -> None:
        """Render batch after batch until closed: the job that has waited longest, and all that can share its call."""
        while batch := self._take():
            try:
                pictures = self._render_batch([job for job, _ in batch])
            except Exception as error:  # noqa: BLE001  (raised in the threads of the batch; the next batch is not affected)
                for _, answer in batch:
                    answer.set_exception(error)
                continue
            for (_, answer), picture in zip(batch, pictures, strict=True):
                answer.set_result(picture)

    def close(self) -> None:
        """Let `run` return once no job waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self) -> list[tuple[Job, Future[bytes]]]:
        with self._changed:
            if not self._waiting:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                self._wait_for_company()
            if not self._waiting:
                return []
            key = group_key(self._waiting[0][0])
            batch = [entry for entry in self._waiting if group_key(entry[0]) == key][: self._max_rows]
            self._waiting = [entry for entry in self._waiting if entry not in batch]
            return batch

    def _wait_for_company(self) -> None:
        if self._max_rows == 1:
            return
        until = time.monotonic() + WAIT_FOR_COMPANY_SECONDS
        while len(self._waiting) < self._max_rows and not self._closed and (left := until - time.monotonic()) > 0:
            self._changed.wait(left)
