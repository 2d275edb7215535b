"""The doorbell without Redis: bounded, and silent for a while after a failure."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from core.doorbell import Doorbell
from core.doorbell.ring_sender import RingSender


@pytest.fixture
def dead_address() -> Iterator[str]:
    """An address at which connections are refused."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{unused.getsockname()[1]}/0"


@pytest.fixture
def mute_address() -> Iterator[str]:
    """An address at which connections are taken and nothing is ever answered: a half-open Redis."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def sluggish_address() -> Iterator[str]:
    """An address at which every question is answered, each after 0.3 s: none takes too long, and all together do."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        threading.Thread(target=_answer_slowly, args=(server,), daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)


def _answer_slowly(server: socket.socket) -> None:
    def serve(caller: socket.socket) -> None:
        with suppress(OSError), caller:
            while caller.recv(65_536):
                time.sleep(0.3)
                caller.sendall(b"+OK\r\n")

    with suppress(OSError):
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


@pytest.mark.parametrize("address", ["dead_address", "mute_address", "sluggish_address"])
def test_a_ring_without_redis_is_bounded(address: str, request: pytest.FixtureRequest) -> None:
    """It says within a second that it did not ring, and raises nothing."""
    doorbell = Doorbell(request.getfixturevalue(address))
    started = time.monotonic()

    assert doorbell.ring("render.default", "render_next") is False

    assert time.monotonic() - started < 1.2


def test_many_rings_at_once_are_bounded_too(mute_address: str) -> None:
    """With 64 threads at the door of a hung Redis, none waits longer than one would."""
    doorbell = Doorbell(mute_address)

    def ring(_: int) -> float:
        started = time.monotonic()
        assert doorbell.ring("render.default", "render_next") is False
        return time.monotonic() - started

    with ThreadPoolExecutor(64) as pool:
        assert max(pool.map(ring, range(64))) < 1.5


def test_after_a_failure_nobody_tries_for_a_while(mute_address: str) -> None:
    """Further rings cost nothing while the breaker is open."""
    doorbell = Doorbell(mute_address)
    doorbell.ring("render.default", "render_next")
    started = time.monotonic()

    rung = [doorbell.ring("render.default", "render_next") for _ in range(1_000)]

    assert not any(rung)
    assert time.monotonic() - started < 1


def test_counting_without_redis_is_unknown(dead_address: str) -> None:
    """An unknown number of messages is None, not zero: the sweep must not ring for everything again."""
    assert Doorbell(dead_address).count_waiting("render.default") is None


def test_ringing_soon_waits_for_nobody(mute_address: str) -> None:
    """With a Redis that hangs, thousands of rings cost their caller nothing, and end in a flush that is bounded as well."""
    doorbell = Doorbell(mute_address)
    started = time.monotonic()

    for _ in range(3_000):
        doorbell.ring_soon("render.default", "render_next")
    assert time.monotonic() - started < 1

    doorbell.flush()
    assert time.monotonic() - started < 3


def test_rings_leave_in_order_and_together() -> None:
    """What has come while one was under way leaves with the next, each to its queue; an error loses only its own."""
    sent: list[tuple[str, list[str]]] = []
    may_go_on = threading.Event()

    def send(queue: str, messages: list[str]) -> None:
        sent.append((queue, messages))
        may_go_on.wait(5)
        if queue == "broken":
            raise RuntimeError("no such queue")

    sender = RingSender(send)
    sender.put("a", "1")
    while not sent:
        time.sleep(0.001)
    for queue, message in [("broken", "2"), ("a", "3"), ("b", "4"), ("a", "5")]:
        sender.put(queue, message)
    may_go_on.set()

    assert sender.flush(5)
    assert sent == [("a", ["1"]), ("broken", ["2"]), ("a", ["3", "5"]), ("b", ["4"])]
