"""The API dies during a submit: its sender repeats the request, and there is one job."""

from __future__ import annotations

import socket
from contextlib import suppress

import httpx2
import psutil
import pytest

from tests.acceptance.customer import Customer
from tests.faults.proxy import Cut, Flow
from tests.faults.service import SHORT, Service, wait_until

pytestmark = pytest.mark.slow

KEY = {"Idempotency-Key": "order-1"}


def send(sender: Customer) -> httpx2.Response:
    return sender.http.post("/v1/jobs", json={"prompt": "a red mug", **SHORT}, headers=KEY)


def count_jobs(service: Service, sender: Customer) -> int:
    return len(sender.http.get("/v1/jobs").json()["data"])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("fault_point", "jobs_before_the_retry"),
    [("before_submit_commit=kill", 0), ("after_submit_commit=kill", 1)],
)
def test_the_api_is_killed_in_a_submit(
    service: Service, sender: Customer, fault_point: str, jobs_before_the_retry: int
) -> None:
    """F1, F2: killed before the commit there is no job, killed after it there is one that nobody was told of: it runs all
    the same (the sweep rings), and the retry with the key is answered with it. Once in either case.
    """
    with service.armed("api", fault_point), pytest.raises(httpx2.TransportError):
        send(sender)

    check_the_retry(service, sender, jobs_before=jobs_before_the_retry)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("fault_point", "jobs_before_the_retry"),
    [("before_submit_commit=kill", 0), ("after_submit_commit=kill", 1)],
)
def test_the_api_is_killed_in_a_put(
    service: Service, sender: Customer, fault_point: str, jobs_before_the_retry: int
) -> None:
    """F84: a job under its client's own id, killed before or after the commit: the repeated PUT makes it, or is answered with it, and
    it is drawn once.
    """

    def put() -> httpx2.Response:
        return sender.http.put("/v1/jobs/order-1", json={"prompt": "a red mug", **SHORT})

    with service.armed("api", fault_point), pytest.raises(httpx2.TransportError):
        put()

    assert count_jobs(service, sender) == jobs_before_the_retry
    answer = put()
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (202, jobs_before_the_retry == 1)
    job = sender.wait_until_finished({"id": "order-1"})
    assert (job["status"], job["attempts"], count_jobs(service, sender)) == ("succeeded", 1, 1)


@pytest.mark.thorough
# A process that starts rings once itself, to be connected.
@pytest.mark.parametrize("fault_point", ["before_ring=kill@2", "after_ring=kill@2"])
def test_the_api_is_killed_while_it_rings(service: Service, sender: Customer, fault_point: str) -> None:
    """F4: the answer does not wait for the ring, so it may be out or not when the API dies of it. There is a job either
    way, that runs, and that the retry is answered with.
    """
    with service.armed("api", fault_point) as api:
        [ringing] = psutil.Process(api.pid).children()
        with suppress(httpx2.TransportError):
            assert send(sender).status_code == 202
        wait_until(lambda: not ringing.is_running(), "the one that rang is dead")

    check_the_retry(service, sender, jobs_before=1)


def check_the_retry(service: Service, sender: Customer, *, jobs_before: int) -> None:
    assert count_jobs(service, sender) == jobs_before
    answer = send(sender)
    assert answer.status_code == 202
    assert ("Idempotent-Replayed" in answer.headers) == (jobs_before == 1)
    job = sender.wait_until_finished(answer.json())
    assert (job["status"], job["attempts"], count_jobs(service, sender)) == ("succeeded", 1, 1)


@pytest.mark.parametrize("is_delivered", [True, False])
def test_the_answer_to_a_submits_commit_is_lost(service: Service, sender: Customer, *, is_delivered: bool) -> None:
    """F16: the connection breaks at COMMIT: a 503 with Retry-After, and the retry with the key gives the job that was
    committed, or makes the one that was not.
    """
    link = service.links["database"]
    link.cut = cut = Cut(after=b"INSERT INTO jobs", at=b"COMMIT", is_delivered=is_delivered)
    # On a connection that has been used often the statement has a number, and is not to be seen any more.
    link.flow = Flow.RESET
    link.flow = Flow.PASS
    first = send(sender)
    assert cut.is_done.is_set()
    assert (first.status_code, first.json()["code"]) == (503, "database_unavailable")
    assert int(first.headers["Retry-After"]) > 0

    assert count_jobs(service, sender) == int(is_delivered)
    second = send(sender)
    assert ("Idempotent-Replayed" in second.headers) == is_delivered
    job = sender.wait_until_finished(second.json())
    assert (job["status"], job["attempts"], count_jobs(service, sender)) == ("succeeded", 1, 1)


def test_the_answer_to_a_submit_is_lost(service: Service, sender: Customer) -> None:
    """F2: 20 repeats of a request whose answers nobody reads are one job."""
    request = sender.http.build_request("POST", "/v1/jobs", json={"prompt": "a red mug", **SHORT}, headers=KEY)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    for _ in range(20):
        with socket.create_connection((request.url.host, request.url.port)) as link:
            link.sendall(f"POST /v1/jobs HTTP/1.1\r\n{head}\r\n".encode() + request.content)
    answer = send(sender)

    job = sender.wait_until_finished(answer.json())
    assert (job["status"], job["attempts"], count_jobs(service, sender)) == ("succeeded", 1, 1)
