"""Redis is a doorbell: whatever happens to it costs time, and no job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

import pytest

from tests.acceptance.customer import Customer
from tests.faults.proxy import Flow
from tests.faults.service import ENDLESS, LONG, SHORT, Service, uuid_of

pytestmark = pytest.mark.slow

#: The longest that a submit may take, whatever is broken but the database.
SUBMIT_SECONDS = 1.5


@contextmanager
def unreachable(service: Service, flow: Flow) -> Iterator[None]:
    with service.links["redis"].doing(flow):
        yield


@contextmanager
def slow(service: Service) -> Iterator[None]:
    """A round trip takes 200 ms."""
    service.links["redis"].latency = 0.1
    try:
        yield
    finally:
        service.links["redis"].latency = 0.0


@contextmanager
def down(service: Service) -> Iterator[None]:
    """Killed, and started again."""
    server = service.stack.part("redis")
    server.kill()
    try:
        yield
    finally:
        server.restart()


@contextmanager
def full(service: Service) -> Iterator[None]:
    """Not a byte more: every write is refused, with noeviction."""
    with service.redis() as client:
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", 0)


@contextmanager
def read_only(service: Service) -> Iterator[None]:
    """As after a failover that this client has not heard of: a replica, which refuses every write."""
    with service.redis() as client:
        client.replicaof("127.0.0.1", "1")
        try:
            yield
        finally:
            client.replicaof("NO", "ONE")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(down, id="down"),
        pytest.param(slow, id="slow"),
        pytest.param(lambda service: unreachable(service, Flow.BLACK_HOLE), id="half-open"),
        pytest.param(full, id="full"),
        pytest.param(read_only, id="read-only"),
        pytest.param(lambda service: unreachable(service, Flow.HOLD), id="partitioned"),
        pytest.param(lambda service: unreachable(service, Flow.RESET), id="resetting"),
    ],
)
def test_redis_takes_no_ring(
    service: Service, sender: Customer, record_property: Callable[[str, Any], None], fault: Callable[..., Any]
) -> None:
    """F5, F7, F9: every submit is answered in 1.5 s, the job that runs goes on, and those that were sent meanwhile
    are rendered once Redis takes rings again; each on its first attempt.
    """
    running = sender.wait_until_rendering(sender.submit(**LONG))
    with ExitStack() as stack:
        stack.enter_context(fault(service))
        jobs, seconds = [], []
        for _ in range(20):
            started = time.monotonic()
            jobs.append(sender.submit(**SHORT))
            seconds.append(time.monotonic() - started)
            # Over more than one pause of the doorbell's.
            time.sleep(0.2)
        ended = [sender.wait_until_finished(running)]
        last = sender.submit(**SHORT)

    back = service.query("select clock_timestamp()")[0][0]
    ended += sender.wait_until_all_finished([*jobs, last], seconds=60)

    assert [(job["status"], job["attempts"]) for job in ended] == [("succeeded", 1)] * 22
    print("seconds of a submit, the median and the longest:", median(seconds), max(seconds))
    assert max(seconds) < SUBMIT_SECONDS
    [(started_at,)] = service.query("select started_at from jobs where id = %s", uuid_of(last))
    record_property("seconds_to_the_next_claim", (started_at - back).total_seconds())
    print("seconds from Redis to the next claim:", (started_at - back).total_seconds())
    # A submit after the fault is heard at once: nobody is left who takes rings and does not hear them.
    started = time.monotonic()
    sender.wait_until_finished(sender.submit(**SHORT))
    assert time.monotonic() - started < 15


def test_redis_is_killed_and_comes_back_empty(service: Service, sender: Customer) -> None:
    """F6, F11: SIGKILL and everything forgotten, with jobs queued and running: as if each ring had been lost with the
    worker that took it. All finish, none twice.
    """
    running = sender.wait_until_rendering(sender.submit(**LONG))
    service.worker.pause()
    jobs = [sender.submit(**SHORT) for _ in range(5)]
    server = service.stack.part("redis")
    server.kill()
    for file in (service.stack.data_folder.path / "redis").rglob("*.aof*"):
        file.unlink()
    service.worker.resume()
    server.start()
    server.wait_until_ready()
    with service.redis() as client:
        assert client.dbsize() < 5, "it has forgotten"

    ended = sender.wait_until_all_finished([running, *jobs])

    assert [(job["status"], job["attempts"]) for job in ended] == [("succeeded", 1)] * 6


@pytest.mark.thorough
def test_an_idle_worker_finds_out_that_its_link_is_dead(service: Service, sender: Customer) -> None:
    """F10: the link vanishes while nothing runs and nobody notices for 20 s; 60 s after it is back at the latest, jobs
    are rendered again.
    """
    with service.links["redis"].doing(Flow.BLACK_HOLE):
        time.sleep(20)
    started = time.monotonic()
    job = sender.wait_until_finished(sender.submit(**SHORT), seconds=60)
    print("seconds to the first job:", time.monotonic() - started)

    assert (job["status"], job["attempts"]) == ("succeeded", 1)


def test_jobs_start_soon_after_a_long_outage(service: Service, sender: Customer) -> None:
    """F5: Redis is away for 7 s, long enough for clients to lose patience: 3 s after it is back the first of the jobs
    that nobody could be told of is being rendered.
    """
    server = service.stack.part("redis")
    server.kill()
    jobs = [sender.submit(**SHORT) for _ in range(2)]
    time.sleep(7)
    server.start()
    server.wait_until_ready()
    [(back,)] = service.query("select clock_timestamp()")

    sender.wait_until_all_finished(jobs)

    [(started_at,)] = service.query(
        "select min(started_at) from jobs where id = any(%s::uuid[])", [uuid_of(job) for job in jobs]
    )
    print("seconds from Redis to the first claim:", (started_at - back).total_seconds())
    assert (started_at - back).total_seconds() < 3


def test_a_cancel_without_redis_reaches_the_job_by_its_heartbeat(service: Service, sender: Customer) -> None:
    """F74: the notice is lost; the job stops a heartbeat later, and its sender can wait for that."""
    running = sender.wait_until_rendering(sender.submit(**ENDLESS))
    with down(service):
        started = time.monotonic()
        assert sender.cancel(running).status_code == 200
        ended = sender.http.get(f"/v1/jobs/{running['id']}", params={"wait": 10}).json()
        seconds = time.monotonic() - started

    assert ended["status"] == "cancelled"
    assert seconds < 5
