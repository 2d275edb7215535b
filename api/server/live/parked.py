"""A request that waits, with its connection."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from api.live.asked import Resumed, WaitAsked
from api.server.live.recalls import RecallWait
from api.server.live.sweeps import SweepWait, SweepWatcher
from api.server.live.watchers import EndWait, EventWait, Watcher
from core.recall.recall import RECALL_ID


@dataclass(eq=False)
class ParkedRequest:
    """It takes no thread; `resume` gives it one."""

    connection: socket.socket
    asked: WaitAsked
    resume: Callable[[Resumed], None]
    #: Called if the client has gone away.
    forget: Callable[[], None]

    def build_watcher(self, resume: Callable[[int | None], None]) -> Watcher | SweepWatcher:
        """What ends the wait: it calls `resume`, with a new place in the queue if that was it."""
        account_id, job_id = self.asked.account_id, self.asked.job_id
        if self.asked.sweep_id is not None:
            return SweepWait(resume, sweep_id=self.asked.sweep_id, after=self.asked.after or 0)
        if job_id is None:
            raise AssertionError("a wait is for a job, a sweep or a recall")
        if job_id == RECALL_ID:
            return RecallWait(resume, account_id=account_id, after=self.asked.after or 0)
        if self.asked.after is None:
            return EndWait(resume, account_id=account_id, job_id=job_id)
        return EventWait(resume, account_id=account_id, job_id=job_id, after=self.asked.after)

    def watch_client(self, selector: selectors.BaseSelector, *, gone: Callable[[], None]) -> None:
        """Call `gone` when the client ends the connection."""

        def look(_events: int) -> None:
            try:
                is_gone = not self.connection.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return
            except OSError:
                is_gone = True
            if is_gone:
                gone()
            else:
                # The next request is there already: it is read after the answer to this one.
                self.stop_watching(selector)

        selector.register(self.connection, selectors.EVENT_READ, look)

    def stop_watching(self, selector: selectors.BaseSelector) -> None:
        """Leave the connection to somebody else."""
        with suppress(KeyError, ValueError):
            selector.unregister(self.connection)
