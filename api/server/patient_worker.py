"""gunicorn's worker of many threads, for which a connection that says nothing waits outside of them."""

from __future__ import annotations

import selectors
import time
from functools import partial

from gunicorn.workers.gthread import TConn, ThreadWorker


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Gives a new connection to a thread when its first bytes are there.

    gunicorn's own lets a thread wait up to 5 s for them. Balancers and browsers open connections ahead of their requests: a
    few hundred of them kept every thread busy for half a minute.
    """

    def enqueue_req(self, conn: TConn) -> None:
        """A new connection joins those that have been read in vain; any other goes to the threads."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
        if len(self.pending_conns) > self.max_keepalived // 2:
            # So many would keep others from connecting: the eldest goes, in this round of the loop.
            self.pending_conns[0].timeout = 0

    def _cap_keepalive(self, deadline: float) -> None:
        """When the worker stops, silent connections keep it no longer than idle ones do."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
