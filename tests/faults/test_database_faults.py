"""PostgreSQL goes away in the middle: what was accepted is rendered, once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

from infra.local.part import Part
from tests.acceptance.customer import Customer
from tests.faults.proxy import Cut, Flow, Proxy
from tests.faults.service import ENDLESS, LONG, SHORT, Service, uuid_of, wait_until

pytestmark = pytest.mark.thorough


def add_cut_off_worker(service: Service, proxy: Proxy, fault_points: str = "") -> Part:
    """A worker with a link of its own to the database."""
    port = service.links["database"].port
    url = service.stack.environment["DATABASE_URL"].replace(f":{port}", f":{proxy.port}")
    [worker] = service.stack.add_workers([{"DATABASE_URL": url, "FAULT_POINTS": fault_points}])
    return worker


def test_a_worker_alone_loses_the_database(service: Service, sender: Customer) -> None:
    """F14, F16: a worker that cannot reach the database stops by itself before its lease is over, another one renders
    the job, and nothing that the first one does afterwards counts. Then its link breaks at the statement that writes the
    outcome, which arrives or not: the outcome is written once.
    """
    target = int(service.direct["DATABASE_URL"].rpartition(":")[2].partition("/")[0])
    with Proxy(target) as proxy:
        service.worker.pause()
        worker = add_cut_off_worker(service, proxy)
        try:
            _lose_the_database_in_a_render(service, sender, worker, proxy)
            for is_delivered in (True, False):
                _break_the_link_at_the_outcome(service, sender, proxy, is_delivered=is_delivered)
        finally:
            worker.kill()
            service.worker.resume()


def _lose_the_database_in_a_render(service: Service, sender: Customer, worker: Part, proxy: Proxy) -> None:
    job = sender.wait_until_rendering(sender.submit(**ENDLESS))
    # What it sends meanwhile arrives late: a renewal that is overtaken by the end of its lease is among it.
    with proxy.doing(Flow.HOLD):
        # Before the lease is over on the database's clock: nobody else has the job yet.
        wait_until(lambda: "lease_lost" in worker.log_path.read_text(), "the worker gives up by itself", seconds=10)
        assert service.attempts(job) == ["running"]
        [(is_in_time,)] = service.query(
            "select lease_expires_at > clock_timestamp() from job_attempts where job_id = %s", uuid_of(job)
        )
        assert is_in_time
        service.worker.resume()
        sender.wait_for(job, lambda job: job["attempts"] == 2, "claimed again")
    assert sender.cancel(job).status_code == 200
    assert sender.wait_until_finished(job)["status"] == "cancelled"
    assert service.attempts(job) == ["expired", "cancelled"]
    service.worker.pause()


def _break_the_link_at_the_outcome(service: Service, sender: Customer, proxy: Proxy, *, is_delivered: bool) -> None:
    # Where the images lie is said in that statement only, which is a transaction of its own.
    proxy.cut = cut = Cut(after=b"", at=b"artifacts/job_", is_delivered=is_delivered)
    job = sender.wait_until_finished(sender.submit(**SHORT))

    assert cut.is_done.is_set()
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert service.attempts(job) == ["succeeded"]
    assert service.query("select count(*) from usage_records where job_id = %s", uuid_of(job)) == [(1,)]


@pytest.mark.parametrize("fault", ["frozen", "half open"])
def test_the_database_stands_still(service: Service, sender: Customer, fault: str) -> None:
    """F17: PostgreSQL is frozen, or says nothing any more on links that stay open: submits do not hang, each is a clean
    503 within ten seconds; and when it goes on they are taken again, and what was running ends.
    """
    running = sender.wait_until_rendering(sender.submit(**LONG))
    server = service.stack.part("database")
    with ExitStack() as standing_still:
        if fault == "frozen":
            server.pause()
            standing_still.callback(server.resume)
        else:
            standing_still.enter_context(service.links["database"].doing(Flow.BLACK_HOLE))
        with ThreadPoolExecutor(4) as threads:
            started = time.monotonic()
            answers = list(threads.map(lambda _: sender.http.post("/v1/jobs", json={"prompt": "a red mug"}), range(8)))
        print(f"{fault}: seconds for two submits of each of four senders: {time.monotonic() - started:.1f}")

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "database_unavailable")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert max(answer.elapsed for answer in answers) < timedelta(seconds=10)
    jobs: list[dict[str, Any]] = []

    def is_taken() -> bool:
        answer = sender.http.post("/v1/jobs", json={"prompt": "a red mug", **SHORT})
        if answer.status_code == HTTPStatus.ACCEPTED:
            jobs.append(answer.json())
        return bool(jobs)

    wait_until(is_taken, "submits are taken again")
    ended = sender.wait_until_all_finished([running, *jobs])
    assert [job["status"] for job in ended] == ["succeeded"] * 2


def test_the_database_is_killed_while_jobs_run(service: Service, sender: Customer) -> None:
    """F17: SIGKILL to PostgreSQL while a job runs and others come in. Each submit is a 202 or a clean 503; what got a
    202 is rendered when the database is back, and running jobs go on.
    """
    running = sender.wait_until_rendering(sender.submit(**LONG))
    answers = []
    is_over = threading.Event()

    def keep_sending() -> None:
        while not is_over.is_set():
            answers.append(sender.http.post("/v1/jobs", json={"prompt": "a red mug", **SHORT}))
            time.sleep(0.1)

    thread = threading.Thread(target=keep_sending)
    thread.start()
    try:
        service.stack.part("database").kill()
        time.sleep(0.5)
        service.stack.part("database").restart()
        wait_until(lambda: bool(answers) and answers[-1].status_code == 202, "submits are taken again")
    finally:
        is_over.set()
        thread.join()

    assert {answer.status_code for answer in answers} == {202, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 503)
    accepted = [answer.json() for answer in answers if answer.status_code == 202]
    ended = sender.wait_until_all_finished([running, *accepted])
    assert {job["status"] for job in ended} == {"succeeded"}
