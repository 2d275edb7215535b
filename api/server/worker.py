"""The process of gunicorn that answers: no thread waits for a client that says nothing, or that does not hang up."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.http.wsgi import Response
from gunicorn.util import close
from gunicorn.workers.gthread import TConn, ThreadWorker

from api.server.connection_end import ConnectionEnd, get_connection_end
from api.server.lingering_connections import LingeringConnections

#: Seconds that a process which ends leaves its clients to read their last answers.
_LAST_SECONDS = 2.0


class _HeldAnswer:
    """What an answer is written to, instead of its connection."""

    def __init__(self) -> None:
        self.written = b""

    def sendall(self, data: bytes) -> None:
        self.written += data


class ServerWorker(ThreadWorker):
    """gunicorn's worker of many threads, apart from how connections begin and end.

    gunicorn's own lets a thread wait up to 5 s for the first bytes of a new connection: balancers and browsers open connections
    ahead of their requests, and a few hundred of them kept every thread busy for half a minute. It waits up to 2 s for the client
    of each connection that it closes, in the thread that accepts all others.
    """

    wsgi: Callable[..., Iterable[bytes]]

    def init_process(self) -> None:
        """Begin, in the process that was forked."""
        self._lingering = LingeringConnections()
        self._held_answers: dict[socket.socket, _HeldAnswer] = {}
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and look at how it wants the connections of its requests to end."""
        super().load_wsgi()
        self.wsgi = partial(self._answer, self.wsgi)

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection to a thread, a new one when its first bytes are there."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Keep the connection, or end it."""
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def run(self) -> None:
        """Serve until the process is asked to end."""
        super().run()
        self._lingering.wait(_LAST_SECONDS)

    def _cap_keepalive(self, deadline: float) -> None:
        # When the worker stops, silent connections keep it no longer than idle ones do.
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _answer(
        self, application: Callable[..., Iterable[bytes]], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = application(environ, start_response)
        end = get_connection_end(environ)
        if end is not None:
            # Nothing of it is written before the first part of the body is asked for.
            response: Response = start_response.__self__  # type: ignore[attr-defined]  # it is a method of gunicorn's response
            response.force_close()
            if end is ConnectionEnd.LATE_ANSWER:
                response.sock = self._held_answers[environ["gunicorn.socket"]] = _HeldAnswer()
        return body

    def _close(self, conn: TConn, *, graceful: bool = False) -> None:
        held_answer = self._held_answers.pop(conn.sock, None)
        if held_answer:
            self._lingering.answer_late(conn.sock, held_answer.written)
        elif graceful:
            self._lingering.close(conn.sock)
        else:
            close(conn.sock)
