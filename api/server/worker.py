"""The process of gunicorn that answers: no thread waits for a client that says nothing, or that does not hang up."""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http.wsgi import Response
from gunicorn.util import close
from gunicorn.workers.gthread import TConn, ThreadWorker

from api.live.asked import LIVE, RESUMED, BegunAnswer, Resumed, StreamAsked, WaitAsked, find_asked
from api.server.connection_end import ConnectionEnd, get_connection_end
from api.server.lingering_connections import LingeringConnections
from api.server.live.connections import LiveConnections
from api.server.live.parked import ParkedRequest
from api.server.open_files import allow_connections
from core.settings import get_settings

#: Of a request that has waited: what it has waited for.
_RESUMED = "darkroom_resumed"

#: Between the head of an answer and its body.
_HEAD_END = b"\r\n\r\n"

#: With this, closing a socket sends RST and not FIN.
_NO_LINGER = struct.pack("ii", 1, 0)

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
        #: Connections whose answer is not finished.
        self._cut: set[socket.socket] = set()
        self._live = LiveConnections(
            end=self._lingering.close,
            most_streams=allow_connections(self.worker_connections + get_settings().api_max_streams)
            - self.worker_connections,
            most_waits=self.worker_connections // 2,
        )
        #: What the connection of a request that is being answered is kept for.
        self._asked: dict[socket.socket, tuple[StreamAsked | WaitAsked, Any]] = {}
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
        if len(self.pending_conns) > self.max_keepalived // 2:
            # So many would keep others from connecting: the eldest goes, in this round of the loop.
            self.pending_conns[0].timeout = 0

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Keep the connection, end it, or leave it to those that wait."""
        asked, req = self._asked.get(conn.sock, (None, None))
        if isinstance(asked, WaitAsked) and fs.exception() is None:
            # It still counts as a connection of this worker.
            del self._asked[conn.sock]
            head, end, _ = self._held_answers.pop(conn.sock).written.partition(_HEAD_END)
            conn.sock.setblocking(False)
            self._live.park(
                ParkedRequest(
                    conn.sock,
                    asked,
                    resume=lambda resumed: self.method_queue.defer(self._resume, conn, req, resumed),
                    forget=lambda: self.method_queue.defer(self._forget, conn, asked),
                    head=head + end,
                )
            )
            return
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def run(self) -> None:
        """Serve until the process is asked to end."""
        super().run()
        self._live.wait(_LAST_SECONDS)
        self._lingering.wait(_LAST_SECONDS)

    def _cap_keepalive(self, deadline: float) -> None:
        # The worker stops: what waits is answered as it stands, and streams end.
        self._live.drain()
        # When the worker stops, silent connections keep it no longer than idle ones do.
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _answer(
        self, application: Callable[..., Iterable[bytes]], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        # Nothing of an answer is written before the first part of its body is asked for.
        response: Response = start_response.__self__  # type: ignore[attr-defined]  # it is a method of gunicorn's response
        environ[LIVE] = self._live
        resumed = getattr(response.req, _RESUMED, None)
        if resumed is not None:
            environ[RESUMED] = resumed
            if resumed.begun is not None:
                return self._finish_begun(application, environ, response, resumed, resumed.begun)
        body = application(environ, start_response)
        asked = find_asked(environ)
        if asked is not None:
            return self._keep_for(asked, environ, response, body)
        end = get_connection_end(environ)
        if end is not None:
            response.force_close()
            if end is ConnectionEnd.LATE_ANSWER:
                response.sock = self._held_answers[environ["gunicorn.socket"]] = _HeldAnswer()
        return body

    def _keep_for(
        self, asked: StreamAsked | WaitAsked, environ: dict[str, Any], response: Response, body: Iterable[bytes]
    ) -> Iterable[bytes]:
        connection = environ["gunicorn.socket"]
        # Of a wait it is thrown away, but for the head if it is kept alive; the head of a stream is sent by those who send the rest.
        response.sock = self._held_answers[connection] = _HeldAnswer()
        self._asked[connection] = (asked, response.req)
        if isinstance(asked, WaitAsked) and asked.kept_alive is not None:
            response.force_close()
        if isinstance(asked, StreamAsked):
            # It ends with its connection. Parts with lengths would be no use to a reader of events.
            response.force_close()
            response.chunked = False
        return body

    def _finish_begun(
        self,
        application: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        response: Response,
        resumed: Resumed,
        begun: BegunAnswer,
    ) -> Iterable[bytes]:
        """Send the rest of an answer whose head, with 200, is sent; or cut it off, if that is not true and its client sends the request again."""
        answer = application(environ, response.start_response)
        body = b"".join(answer)
        getattr(answer, "close", bool)()
        connection = environ["gunicorn.socket"]
        response.force_close()
        # A second head, and what gunicorn would send of the body.
        response.sock = _HeldAnswer()
        if response.status_code != HTTPStatus.OK and resumed.is_repeated:
            self._cut.add(connection)
        else:
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if begun.is_chunked else body
            connection.sendall(begun.unsent + framed)
        return []

    def _resume(self, conn: TConn, req: Any, resumed: Resumed) -> None:
        """Answer a request that has waited."""
        fs = self.tpool.submit(self._handle_again, conn, req, resumed)
        fs.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _handle_again(self, conn: TConn, req: Any, resumed: Resumed) -> bool:
        conn.sock.setblocking(True)
        setattr(req, _RESUMED, resumed)
        try:
            return bool(self._keepalive_after(conn, self.handle_request(req, conn)))
        except (OSError, StopIteration):
            # The client has gone away.
            if resumed.asked.lost is not None:
                resumed.asked.lost()
            return False
        except Exception as error:  # noqa: BLE001  (as gunicorn's own `handle` does)
            self.handle_error(req, conn.sock, conn.client, error)
            return False

    def _forget(self, conn: TConn, asked: WaitAsked) -> None:
        """The client of a request that waits has gone away."""
        self.nr_conns -= 1
        close(conn.sock)
        if asked.lost is not None:
            self.tpool.submit(asked.lost)

    def _close(self, conn: TConn, *, graceful: bool = False) -> None:
        held_answer = self._held_answers.pop(conn.sock, None)
        asked, _ = self._asked.pop(conn.sock, (None, None))
        if conn.sock in self._cut:
            # A reset: without lengths of parts, an end in good order would be a whole answer.
            self._cut.discard(conn.sock)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            close(conn.sock)
        elif isinstance(asked, StreamAsked) and held_answer:
            self._live.open_stream(conn.sock, held_answer.written, asked)
        elif held_answer:
            self._lingering.answer_late(conn.sock, held_answer.written)
        elif graceful:
            self._lingering.close(conn.sock)
        else:
            close(conn.sock)
