"""The object store fails: no job succeeds without its images, and each succeeds in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.acceptance.customer import Customer
from tests.faults.proxy import Flow
from tests.faults.service import SHORT, Service

pytestmark = pytest.mark.slow

_SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n"
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
)
_CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda service: service.links["storage"].answering(_SLOW_DOWN), id="503 SlowDown"),
        pytest.param(
            lambda service: service.links["storage"].doing(Flow.RESET), id="resets", marks=pytest.mark.thorough
        ),
        pytest.param(
            lambda service: service.links["storage"].answering(_CUT_SHORT),
            id="200, then cut short",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            lambda service: service.links["storage"].doing(Flow.HOLD), id="partitioned", marks=pytest.mark.thorough
        ),
    ],
)
def test_the_store_takes_nothing_for_a_while(
    service: Service, sender: Customer, fault: Callable[[Service], AbstractContextManager[None]]
) -> None:
    """F15, F28: while the store fails for a few seconds jobs are not lost and do not succeed; then they do, within
    their attempts.
    """
    with fault(service):
        jobs = [sender.submit(**SHORT) for _ in range(3)]
        time.sleep(3)
        assert not {sender.read(job)["status"] for job in jobs} & {"succeeded", "failed"}

    for job in sender.wait_until_all_finished(jobs, seconds=90):
        assert job["status"] == "succeeded", job["failure"]
        assert sender.download(job["outputs"][0])


def test_bytes_change_on_their_way_to_the_store(service: Service, sender: Customer) -> None:
    """F28: an image whose last bit flips in transit is refused by the store, and not shown to anybody: the next attempt
    brings it whole.
    """
    flipped = 0

    def flip_the_last_bit(chunk: bytes) -> bytes:
        nonlocal flipped
        if b"IEND" not in chunk or flipped:
            return chunk
        flipped += 1
        return chunk[:-1] + bytes([chunk[-1] ^ 1])

    service.links["storage"].rewrite = flip_the_last_bit
    try:
        job = sender.wait_until_finished(sender.submit(**SHORT))
    finally:
        service.links["storage"].rewrite = None

    assert flipped == 1
    assert job["status"] == "succeeded"
    assert sender.download(job["outputs"][0])


@pytest.mark.thorough
def test_a_store_that_is_gone_ends_in_an_honest_failure(service: Service, sender: Customer) -> None:
    """F28: every attempt finds the store gone: the job fails with storage_unavailable, is not charged, and has told so
    by its event; jobs that come later are rendered.
    """
    with service.links["storage"].answering(_SLOW_DOWN.replace(b"503 Slow Down", b"403 Forbidden")):
        job = sender.wait_until_finished(sender.submit(**SHORT))

    assert (job["status"], job["attempts"]) == ("failed", 3)
    assert (job["failure"]["code"], job["failure"]["charged"]) == ("storage_unavailable", False)
    assert sender.wait_until_finished(sender.submit(**SHORT))["status"] == "succeeded"
