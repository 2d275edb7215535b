"""A request that waits, with its connection."""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from api.live.asked import BegunAnswer, Resumed, WaitAsked
from api.server.live.recalls import RecallWait
from api.server.live.sweeps import SweepWait, SweepWatcher
from api.server.live.watchers import EndWait, EventWait, Watcher
from core.recall.recall import RECALL_ID

#: A blank, as a part of its own where parts have lengths.
_BLANK = b" "
_BLANK_PART = b"1\r\n \r\n"


@dataclass(eq=False)
class ParkedRequest:
    """It takes no thread; `resume` gives it one."""

    connection: socket.socket
    asked: WaitAsked
    resume: Callable[[Resumed], None]
    #: Called if the client has gone away.
    forget: Callable[[], None]
    #: Of the answer, if it is kept alive; then, once it has begun, what is still to be sent of it, and when the next blank is due.
    head: bytes = b""
    begun: BegunAnswer | None = None
    _next_blank: float | None = None

    def keep_alive(self, now: float) -> None:
        """Begin the answer, or send a blank, if it is time. Never waits: a client that reads nothing gets less."""
        kept = self.asked.kept_alive
        if kept is None:
            return
        if self._next_blank is None:
            self._next_blank = self.asked.asked_at + kept.after
        if now < self._next_blank:
            return
        self._next_blank = now + kept.every
        begun = self.begun or BegunAnswer(b"\r\ntransfer-encoding: chunked\r\n" in self.head.lower(), self.head)
        blank = _BLANK_PART if begun.is_chunked else _BLANK
        self.begun = BegunAnswer(begun.is_chunked, self._send(begun.unsent or blank))

    def _send(self, data: bytes) -> bytes:
        """Returns what the system does not take now. That the client is gone is noticed elsewhere."""
        try:
            return data[self.connection.send(data) :]
        except OSError:
            return data

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

    def is_client_gone(self) -> bool | None:
        """Whether the client has ended the connection; None: nothing has come from it, and it has not. Any thread may ask."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            # Closed by ourselves: it is answered.
            return error.errno != errno.EBADF

    def watch_client(self, selector: selectors.BaseSelector, *, gone: Callable[[], None]) -> None:
        """Call `gone` when the client ends the connection."""

        def look(_events: int) -> None:
            is_gone = self.is_client_gone()
            if is_gone:
                gone()
            elif is_gone is not None:
                # The next request is there already: it is read after the answer to this one.
                self.stop_watching(selector)

        selector.register(self.connection, selectors.EVENT_READ, look)

    def stop_watching(self, selector: selectors.BaseSelector) -> None:
        """Leave the connection to somebody else."""
        with suppress(KeyError, ValueError):
            selector.unregister(self.connection)
