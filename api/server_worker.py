"""The process of gunicorn that answers: its threads, and connections that end without keeping anybody waiting."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

from gunicorn.util import close
from gunicorn.workers.gthread import TConn, ThreadWorker

from api.lingering_connections import LingeringConnections

#: Seconds that a process which ends leaves its clients to read their last answers.
_LAST_SECONDS = 2.0


class ServerWorker(ThreadWorker):
    """gunicorn's own waits for the client of each connection that it closes, up to two seconds, in the thread that accepts all."""

    def init_process(self) -> None:
        """Begin, in the process that was forked."""
        self._lingering = LingeringConnections()
        super().init_process()

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Keep the connection, or close it late."""
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def run(self) -> None:
        """Serve until the process is asked to end."""
        super().run()
        self._lingering.wait(_LAST_SECONDS)

    def _close(self, conn: TConn, *, graceful: bool = False) -> None:
        if graceful:
            self._lingering.close_late(conn.sock)
        else:
            close(conn.sock)
