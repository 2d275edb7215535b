"""The connections of requests that wait: one thread for all of them, which writes without waiting for a reader."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID

import structlog

from api.live.asked import Resumed, StreamAsked, WaitAsked
from api.server.live.gone_clients import GoneClients
from api.server.live.hub import Hub
from api.server.live.parked import ParkedRequest
from api.server.live.reads import ReadAnswer, Reader
from api.server.live.recalls import find_recalls
from api.server.live.stream import MOST_WAITING_BYTES, StreamConnection
from api.server.live.stream_watchers import OVERLAP, build_stream_watcher
from api.server.live.sweeps import SweepStream, SweepWait, SweepWatcher, WatchedSweeps
from api.server.live.translated import MOST_TRANSLATED_BYTES, TranslatedStream
from api.server.live.watchers import Watcher
from core.database import transaction
from core.jobs.events.account_jobs import list_recent_jobs
from core.live_events.channels import JOBS_CHANNEL
from core.live_events.message import split_messages
from core.live_events.subscription import Subscription
from core.metrics import LIVE_STREAMS, LIVE_WAITS
from core.recall.recall import RECALL_ID
from core.settings import get_settings

#: Seconds between two looks at what is due, and between two reads of places in queues and of new jobs.
_TICK_SECONDS = 0.25
_PLACE_SECONDS = 1.0

#: Seconds after which all rows are read again: hints may be lost, and without Redis there are none.
_REFRESH_SECONDS = 5.0
_REFRESH_WITHOUT_REDIS_SECONDS = 1.0

#: Part of all slots that one account has at most.
_SHARE_OF_ACCOUNT = 0.5

_log = structlog.get_logger()


class LiveConnections:
    """All of one process. Its threads start with the first one."""

    def __init__(self, end: Callable[[socket.socket], None], *, most_streams: int, most_waits: int) -> None:
        """`end` is called with a connection whose last bytes are sent. The system permits so many streams and waits; settings may
        allow fewer.
        """
        self._end = end
        settings = get_settings()
        self._most = {
            StreamAsked: min(settings.api_max_streams, most_streams),
            WaitAsked: min(settings.api_max_waits, most_waits),
        }
        self._open: Counter[tuple[type, UUID | None]] = Counter()
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_started = False
        self._is_draining = False
        self._hub = Hub()
        self._sweeps = WatchedSweeps(self._do)
        self._streams: dict[StreamConnection, Watcher | SweepWatcher] = {}
        self._parked: dict[ParkedRequest, Watcher | SweepWatcher] = {}
        self._gone = GoneClients()
        self._is_linked = False
        self._next_places = self._next_refresh = 0.0

    def has_slot(self, kind: type[StreamAsked | WaitAsked], account_id: UUID) -> bool:
        """Whether another connection of this kind can be kept for the account."""
        most = self._most[kind]
        return self._open[kind, None] < most and self._open[kind, account_id] < max(1, int(most * _SHARE_OF_ACCOUNT))

    def open_stream(self, connection: socket.socket, head: bytes, asked: StreamAsked) -> None:
        """Send the head of an answer on the connection, and events from then on. Returns at once."""
        self._count(StreamAsked, asked.account_id, 1)
        self._do(partial(self._open_stream, connection, head, asked))

    def park(self, parked: ParkedRequest) -> None:
        """Keep the connection until what was asked for has happened: then its `resume` is called. If the client goes away before, it
        is its `forget`. Both are called in another thread.
        """
        self._count(WaitAsked, parked.asked.account_id, 1)
        self._gone.watch(parked)
        self._do(partial(self._park, parked))

    def notice_gone(self, account_id: UUID) -> None:
        """Do what is to be done for each of the account's waiting requests whose client has gone away, though nobody has noticed yet."""
        self._gone.see_to(account_id)

    def drain(self) -> None:
        """The process ends: end all streams, so that their readers connect to another one, and resume all that waits."""
        self._is_draining = True
        if self._is_started:
            self._do(self._end_all)

    def wait(self, seconds: float) -> None:
        """Wait until no stream is left, but not longer than this."""
        until = time.monotonic() + seconds
        while self._open[StreamAsked, None] and time.monotonic() < until:
            time.sleep(0.01)

    def _count(self, kind: type[StreamAsked | WaitAsked], account_id: UUID, change: int) -> None:
        with self._lock:
            self._open[kind, None] += change
            self._open[kind, account_id] += change
            if not self._open[kind, account_id]:
                del self._open[kind, account_id]
        (LIVE_STREAMS if kind is StreamAsked else LIVE_WAITS).set(self._open[kind, None])

    # From here on everything runs in the one thread

    def _do(self, task: Callable[[], None]) -> None:
        with self._lock:
            if not self._is_started:
                self._is_started = True
                self._start()
        self._inbox.put(task)
        with suppress(BlockingIOError):
            os.write(self._wake_writer, b"\0")

    def _start(self) -> None:
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._changes = Reader(
            "reads-watched-jobs", lambda answer: self._do(partial(self._take, self._changes, answer))
        )
        self._places = Reader("reads-places", lambda answer: self._do(partial(self._take, self._places, answer)))
        Subscription(
            JOBS_CHANNEL,
            hear=lambda joined: self._do(partial(self._hear, split_messages(joined))),
            note_link=lambda is_linked: self._do(partial(self._note_link, is_linked)),
        ).start()
        threading.Thread(target=self._run, name="live-connections", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self._turn()
            except Exception:  # noqa: BLE001  (one connection must not end all others)
                _log.exception("live_connections_failed")
                time.sleep(_TICK_SECONDS)

    def _turn(self) -> None:
        for key, events in self._selector.select(_TICK_SECONDS if self._streams or self._parked else None):
            if key.fd == self._wake_reader:
                with suppress(BlockingIOError):
                    os.read(self._wake_reader, 65_536)
            else:
                key.data(events)
        with suppress(Empty):
            while True:
                self._inbox.get_nowait()()
        self._look(time.monotonic())
        request = None if self._changes.is_busy else self._hub.build_request()
        if request is not None:
            self._changes.ask(request)

    def _look(self, now: float) -> None:
        for parked in [parked for parked in self._parked if now >= parked.asked.until]:
            self._resume(parked, None)
        for parked in self._parked:
            parked.keep_alive(now)
        for stream, watcher in list(self._streams.items()):
            stream.beat(now)
            if isinstance(watcher, TranslatedStream):
                watcher.look(now)
        self._sweeps.look(now)
        if now >= self._next_refresh:
            self._next_refresh = now + (_REFRESH_SECONDS if self._is_linked else _REFRESH_WITHOUT_REDIS_SECONDS)
            self._hub.read_all_again(with_streams=False)
        if now >= self._next_places and not self._places.is_busy:
            self._next_places = now + _PLACE_SECONDS
            request = self._hub.build_place_request()
            if request is not None:
                self._places.ask(request)

    def _hear(self, messages: list[bytes]) -> None:
        for message in messages:
            self._hub.hear(message)

    def _note_link(self, is_linked: bool) -> None:
        self._is_linked = is_linked
        if is_linked:
            # What was sent while nobody heard it is in the streams and in the rows.
            self._hub.read_all_again(with_streams=True)
            self._find_recalls(self._hub.list_accounts())

    def _take(self, reader: Reader, answer: ReadAnswer) -> None:
        reader.is_busy = False
        self._hub.take_answer(answer)

    def _open_stream(self, connection: socket.socket, head: bytes, asked: StreamAsked) -> None:
        stream = StreamConnection(
            connection,
            self._selector,
            end=self._end,
            closed=partial(self._close_stream, asked.account_id),
            most_waiting_bytes=MOST_WAITING_BYTES if asked.translate is None else MOST_TRANSLATED_BYTES,
        )
        watcher = build_stream_watcher(asked, stream, self._do)
        self._streams[stream] = watcher
        stream.write(head)
        if self._is_draining:
            stream.finish()
        elif stream in self._streams:
            self._watch(watcher)
            if asked.job_id is None and asked.sweep_id is None:
                self._find_jobs(asked.account_id, after=asked.after - OVERLAP)
                self._find_recalls({asked.account_id})

    def _find_jobs(self, account_id: UUID, *, after: int) -> None:
        def find() -> None:
            with transaction() as session:
                found = [job.id for job in list_recent_jobs(session.connection(), account_id)]
            self._do(partial(self._hub.add_jobs, account_id, found, after=after))

        # One for each stream that is opened, and rarely.
        threading.Thread(target=find, name="finds-jobs", daemon=True).start()

    def _find_recalls(self, account_ids: set[UUID]) -> None:
        """What may have been handed over while nobody heard it."""

        find_recalls(account_ids, lambda recall: self._do(partial(self._hub.show_recall, recall)))

    def _close_stream(self, account_id: UUID, stream: StreamConnection) -> None:
        watcher = self._streams.pop(stream, None)
        if watcher is not None:
            self._forget_watcher(watcher)
            self._count(StreamAsked, account_id, -1)

    def _park(self, parked: ParkedRequest) -> None:
        watcher = parked.build_watcher(partial(self._resume, parked))
        self._parked[parked] = watcher
        parked.watch_client(self._selector, gone=partial(self._forget, parked))
        if self._is_draining:
            self._resume(parked, None)
        else:
            self._watch(watcher)

    def _watch(self, watcher: Watcher | SweepWatcher) -> None:
        if isinstance(watcher, (SweepStream, SweepWait)):
            self._sweeps.add(watcher)
        else:
            self._hub.add(watcher)
            if watcher.job_id == RECALL_ID:
                self._find_recalls({watcher.account_id})

    def _forget_watcher(self, watcher: Watcher | SweepWatcher) -> None:
        if isinstance(watcher, (SweepStream, SweepWait)):
            self._sweeps.remove(watcher)
        else:
            self._hub.remove(watcher)

    def _resume(self, parked: ParkedRequest, position: int | None) -> None:
        if parked in self._parked and parked.is_client_gone():
            self._forget(parked)
        elif self._release(parked):
            waited = time.monotonic() - parked.asked.asked_at
            parked.resume(Resumed(parked.asked, position, waited, parked.begun))

    def _forget(self, parked: ParkedRequest) -> None:
        self._gone.remember(parked.asked)
        if self._release(parked):
            parked.forget()

    def _release(self, parked: ParkedRequest) -> bool:
        """Returns False if it was released before."""
        watcher = self._parked.pop(parked, None)
        if watcher is None:
            return False
        self._gone.stop_watching(parked)
        parked.stop_watching(self._selector)
        self._forget_watcher(watcher)
        self._count(WaitAsked, parked.asked.account_id, -1)
        return True

    def _end_all(self) -> None:
        for parked in list(self._parked):
            self._resume(parked, None)
        for stream in list(self._streams):
            stream.finish()
