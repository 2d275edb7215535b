"""The client between a service and a network that breaks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from darkroom import AsyncDarkroom, ConnectionFailed, Darkroom, TooManyRequests
from darkroom.connection import Connection

from infra.local import LocalStack
from tests.acceptance.customer import SMALL
from tests.faults.proxy import Cut, Flow, Proxy
from tests.http.served import serving

_BUSY = b"HTTP/1.1 %s\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
def proxy(account: Connection) -> Iterator[Proxy]:
    """A proxy before the API."""
    with Proxy(int(account.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
def far(account: Connection, proxy: Proxy) -> Iterator[Darkroom]:
    """A client that goes through the proxy."""
    with Darkroom(f"http://127.0.0.1:{proxy.port}", account.api_key, retry_seconds=20) as darkroom:
        yield darkroom


def test_a_submit_whose_answer_was_lost_is_one_job(far: Darkroom, darkroom: Darkroom, proxy: Proxy) -> None:
    """It is sent again with the same key."""
    proxy.cut = Cut(after=b"", at=b"lost mug", is_delivered=True)
    job = far.submit("a lost mug", **SMALL)

    assert proxy.cut.is_done.is_set()
    assert [each.id for each in darkroom.jobs.list()] == [job.id]


def test_what_does_more_when_it_is_sent_twice_is_sent_once(far: Darkroom, darkroom: Darkroom, proxy: Proxy) -> None:
    """Its loss is an error; one endpoint is there."""
    proxy.cut = Cut(after=b"", at=b"example.com", is_delivered=True)
    with pytest.raises(ConnectionFailed):
        far.webhooks.create("https://example.com/hooks")

    assert len(darkroom.webhooks.list()) == 1


@pytest.mark.parametrize("status", [b"429 Too Many Requests", b"503 Service Unavailable"])
def test_a_busy_service_is_asked_again_when_it_says(far: Darkroom, proxy: Proxy, status: bytes) -> None:
    """After `Retry-After`, and not before."""
    began = time.monotonic()
    with proxy.answering(_BUSY % status):
        timer = threading.Timer(0.5, lambda: setattr(proxy, "answer", None))
        timer.start()
        assert far.queue.get().queued == 0
        timer.join()

    assert time.monotonic() - began >= 1


def test_a_service_that_stays_busy_is_an_error(account: Connection, proxy: Proxy) -> None:
    """With what it said last, when the time is over."""
    with (
        Darkroom(f"http://127.0.0.1:{proxy.port}", account.api_key, retry_seconds=1.5) as far,
        proxy.answering(_BUSY % b"429 Too Many Requests"),
        pytest.raises(TooManyRequests) as refused,
    ):
        far.queue.get()

    assert (refused.value.status, refused.value.retry_after) == (429, 1)


def test_nothing_that_listens_is_an_error(account: Connection) -> None:
    """With the address."""
    with (
        Darkroom("http://127.0.0.1:1", account.api_key, retry_seconds=0) as far,
        pytest.raises(ConnectionFailed, match=r"http://127\.0\.0\.1:1: cannot be reached"),
    ):
        far.queue.get()


@pytest.mark.slow
def test_a_wait_goes_on_when_its_connection_is_reset(far: Darkroom, proxy: Proxy) -> None:
    """Again and again."""
    job = far.submit("a mug", size="320x320", num_inference_steps=20)
    stop = threading.Event()

    def reset() -> None:
        while not stop.wait(0.3):
            with proxy.doing(Flow.RESET):
                stop.wait(0.05)

    thread = threading.Thread(target=reset)
    thread.start()
    try:
        ended = far.wait(job, timeout=60)
    finally:
        stop.set()
        thread.join()
    assert ended.status == "succeeded"


@pytest.mark.parametrize("flow", [Flow.RESET, Flow.CLOSE])
def test_a_stream_that_is_cut_resumes(far: Darkroom, proxy: Proxy, flow: Flow) -> None:
    """Each event once, in order, to the end."""
    job = far.submit("a mug", size="320x320", num_inference_steps=20)
    numbers, steps = [], []
    for event in far.stream(job):
        numbers.append(event.id)
        if event.type == "step":
            steps.append(event.step)
            if event.step in {1, 5, 9}:
                with proxy.doing(flow):
                    time.sleep(0.05)

    assert numbers == sorted(set(numbers))
    assert steps[-1] == 20
    assert event.type == "finished"
    assert event.job is not None


def test_an_asynchronous_stream_that_is_cut_resumes(account: Connection, darkroom: Darkroom, proxy: Proxy) -> None:
    """As the other one does."""
    job = darkroom.submit("a mug", size="320x320", num_inference_steps=20)

    async def follow() -> list[str]:
        types = []
        async with AsyncDarkroom(f"http://127.0.0.1:{proxy.port}", account.api_key) as far:
            async for event in far.stream(job):
                types.append(event.type)
                if event.step == 2:
                    with proxy.doing(Flow.RESET):
                        await asyncio.sleep(0.05)
        return types

    types = asyncio.run(follow())
    assert types[-1] == "finished"
    assert types.count("started") == 1


def test_events_are_polled_where_streams_do_not_get_through(darkroom: Darkroom) -> None:
    """The same events."""
    job = darkroom.submit("a mug", width=64, height=64, num_inference_steps=3)
    polled = [event.id for event in darkroom.stream(job, polling=True) if event.type != "position"]

    assert polled == [event.id for event in darkroom.stream(job)]


def test_a_stream_of_all_jobs_resumes(far: Darkroom, proxy: Proxy) -> None:
    """Behind a cut it goes on."""
    job = far.submit("a mug", **SMALL)
    ended = 0
    for event in far.events.stream(after=1):
        if event.type == "finished" and event.job_id == job.id:
            ended += 1
            if ended == 2:
                break
            job = far.submit("another mug", **SMALL)
            with proxy.doing(Flow.RESET):
                time.sleep(0.05)

    assert ended == 2


@pytest.mark.slow
def test_too_many_streams_are_no_obstacle(
    stack: LocalStack, account: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is refused is polled, and a wait asks now and then."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    with (
        serving(account.api_key, tmp_path, API_MAX_STREAMS="1") as api,
        Darkroom(f"http://127.0.0.1:{api.port}", account.api_key) as darkroom,
        Darkroom(account.url, account.api_key) as other,
    ):
        other.queue.pause()
        held = other.submit("a mug", **SMALL)
        stream = darkroom.stream(held)
        # It has the only connection that may wait.
        assert next(stream).type == "queued"
        job = darkroom.submit("another mug", **SMALL)
        other.queue.resume()

        assert [event.type for event in darkroom.stream(job)][-1] == "finished"
        assert darkroom.wait(job).status == "succeeded"
        assert [event.type for event in stream][-1] == "finished"
