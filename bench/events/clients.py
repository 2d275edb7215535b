"""Readers and waiters, in a process of their own, so that they do not keep the slots from working."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

from infra.local.ports import LOOPBACK

BODY = json.dumps({"prompt": "a red mug on a wooden table", "num_inference_steps": 12, "seed": 7}).encode()

#: What arrived: the type of an event, and the milliseconds since it happened.
Arrived = tuple[str, float]

#: Of an event: `id`, `event` and `data`.
_LINES = 3

#: Threads that send jobs and open their streams.
_OPENERS = 4

_SECONDS_TO_CONNECT = 120


@dataclass(frozen=True)
class Client:
    """The API, and the keys of its accounts."""

    port: int
    api_keys: list[str]

    def headers(self, number: int) -> dict[str, str]:
        """Of a request of the account whose turn it is."""
        key = self.api_keys[number % len(self.api_keys)]
        return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


class Clients:
    """A process of clients."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def take(self) -> list[Arrived]:
        """End them, and return what has arrived."""
        self._pipe.send("end")
        arrived: list[Arrived] = self._pipe.recv()
        return arrived


@contextmanager
def following(client: Client, count: int) -> Iterator[Clients]:
    """So many streams, each of a job of its own; when it ends there is another one."""
    with _running(_follow_jobs, client, count) as clients:
        yield clients


@contextmanager
def waiting(client: Client, count: int) -> Iterator[Clients]:
    """So many requests, each of which waits for the end of a job of its own; then there is another one."""
    with _running(_wait_for_jobs, client, count) as clients:
        yield clients


@contextmanager
def _running(target: Callable[[Client, int, Connection], None], client: Client, count: int) -> Iterator[Clients]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(client, count, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(_SECONDS_TO_CONNECT) or ours.recv() != "ready":
            raise TimeoutError("the clients have not connected")
        yield Clients(ours)
    finally:
        process.terminate()
        process.join()


def _follow_jobs(client: Client, count: int, pipe: Connection) -> None:
    selector = selectors.DefaultSelector()
    wanted: SimpleQueue[int] = SimpleQueue()
    opened: SimpleQueue[socket.socket] = SimpleQueue()
    for number in range(count):
        wanted.put(number)
    for _ in range(_OPENERS):
        threading.Thread(target=_open_streams, args=(client, wanted, opened), daemon=True).start()
    arrived: list[Arrived] = []
    buffers: dict[int, bytes] = {}
    is_ready = False
    while not pipe.poll():
        try:
            while True:
                connection = opened.get_nowait()
                buffers[connection.fileno()] = b""
                selector.register(connection, selectors.EVENT_READ)
        except Empty:
            pass
        if not is_ready and len(buffers) == count:
            is_ready = True
            pipe.send("ready")
            arrived.clear()
        for key, _ in selector.select(0.02):
            connection = key.fileobj  # type: ignore[assignment]  # sockets alone are registered
            data = connection.recv(65_536)
            now = time.time()
            if not data:
                selector.unregister(connection)
                del buffers[key.fd]
                connection.close()
                wanted.put(len(arrived))
                continue
            *events, buffers[key.fd] = (buffers[key.fd] + data).split(b"\n\n")
            arrived += [each for event in events for each in _measure(event, now)]
    pipe.send(arrived)


def _measure(event: bytes, now: float) -> Iterator[Arrived]:
    lines = event.split(b"\n")
    if len(lines) == _LINES and lines[1] != b"event: position" and lines[1] != b"event: queued":
        # Its number is its time. A place is of the moment, and what was queued was queued before anybody read.
        yield lines[1][7:].decode(), now * 1000 - int(lines[0][4:]) / 1000


def _open_streams(client: Client, wanted: SimpleQueue[int], opened: SimpleQueue[socket.socket]) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, client.port, timeout=60)
    while True:
        number = wanted.get()
        headers = client.headers(number)
        connection.request("POST", "/v1/jobs", BODY, headers)
        job_id = json.loads(connection.getresponse().read())["id"]
        stream = socket.create_connection((LOOPBACK, client.port))
        request = (
            f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: a\r\nAuthorization: {headers['Authorization']}\r\n\r\n"
        )
        stream.sendall(request.encode())
        stream.recv(1)
        opened.put(stream)


def _wait_for_jobs(client: Client, count: int, pipe: Connection) -> None:
    arrived: list[Arrived] = []
    waiting_now = threading.Semaphore(0)

    def wait(number: int) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, client.port, timeout=120)
        headers = client.headers(number)
        is_first = True
        while True:
            connection.request("POST", "/v1/jobs", BODY, headers)
            job = json.loads(connection.getresponse().read())
            while job["finished_at"] is None:
                connection.request("GET", f"/v1/jobs/{job['id']}?wait=60", headers=headers)
                if is_first:
                    is_first = False
                    waiting_now.release()
                job = json.loads(connection.getresponse().read())
            ended = datetime.fromisoformat(job["finished_at"]).timestamp()
            arrived.append(("end", (time.time() - ended) * 1000))

    for number in range(count):
        threading.Thread(target=wait, args=(number,), daemon=True).start()
    for _ in range(count):
        waiting_now.acquire()
    time.sleep(1)
    pipe.send("ready")
    pipe.recv()
    pipe.send(list(arrived))
