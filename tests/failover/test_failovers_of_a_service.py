"""The whole service goes through failovers of its database: nothing is lost, and no process has to be started again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx2
import pytest

from infra.local import LocalStack
from infra.local.ports import Ports
from infra.local.webhook_listener import WebhookListener, listening
from tests.acceptance.customer import Customer, open_account
from tests.failover.refuse_writes import Refusal, refusing_writes
from tests.failover.standby import DatabaseServer, first_server, second_server
from tests.faults.checker import checking
from tests.faults.service import LONG, SHORT, wait_until
from tests.warm.start_warm import start_warm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

#: From the moment at which the database takes writes again, for every process.
_BACK_SECONDS = 10

#: For so long a managed database takes no writes.
_REFUSES_SECONDS = 6


@dataclass
class Watch:
    """A customer that sends three jobs a second, and what it is answered."""

    customer: Customer
    listener: WebhookListener
    answers: list[httpx2.Response] = field(default_factory=list)
    #: What `/readyz` answered with: its status, and the reason.
    ready: set[tuple[int, str]] = field(default_factory=set)
    is_over: threading.Event = field(default_factory=threading.Event)

    def send(self) -> None:
        """Until it is over."""
        while not self.is_over.wait(0.3):
            self.answers.append(self.customer.http.post("/v1/jobs", json={"prompt": "a red mug", **SHORT}))
            answer = self.customer.http.get("/readyz")
            is_ready = answer.status_code == HTTPStatus.OK
            self.ready.add((answer.status_code, "" if is_ready else answer.json()["detail"]))

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """What was answered with 202."""
        return [answer.json() for answer in self.answers if answer.status_code == HTTPStatus.ACCEPTED]

    def wait_until_back(self, server: DatabaseServer) -> None:
        """Returns when the API has accepted a job, a worker has claimed one and the dispatcher has sent a webhook since this
        call. Fails if that takes longer than it may.
        """
        began_at = time.monotonic()
        [(moment,)] = server.query("select clock_timestamp()")
        sent = len(self.accepted)
        for what, is_back in {
            "a submit is accepted": lambda: len(self.accepted) > sent,
            "a job is claimed": lambda: _happened(server, "job_attempts", since=moment),
            "a webhook is sent": lambda: _happened(server, "webhook_attempts", since=moment),
        }.items():
            wait_until(is_back, what, max(0.1, began_at + _BACK_SECONDS - time.monotonic()))
            print(f"{what} after {time.monotonic() - began_at:.1f} s")


@pytest.mark.parametrize("refusal", Refusal)
def test_sessions_are_read_only_for_a_while(stack: LocalStack, refusal: Refusal) -> None:
    """As a managed database does it, at the same address: for six seconds its sessions take no writes. Those of that time stay
    connected, and some of them read-only.
    """
    server = first_server(stack, stack.environment["DATABASE_URL"])
    with _watching(stack) as watch:
        with refusing_writes(server.url, refusal):
            time.sleep(_REFUSES_SECONDS)
        watch.wait_until_back(server)
    assert any("default_transaction_read_only is on" in reason for _, reason in watch.ready), watch.ready


def test_the_primary_is_killed_and_its_standby_promoted() -> None:
    """SIGKILL to the primary while jobs run and others come in. Two seconds later its standby, which has every transaction, is
    promoted. `DATABASE_URL` names both hosts.
    """
    with _two_hosts() as (stack, first, second):
        second.follow(first)
        with _watching(stack) as watch:
            first.part.kill()
            time.sleep(2)
            second.promote()
            watch.wait_until_back(second)
    assert any("that answers is read-only" in reason for _, reason in watch.ready), watch.ready


@contextmanager
def _two_hosts() -> Iterator[tuple[LocalStack, DatabaseServer, DatabaseServer]]:
    """A service with the default times, whose database has an address of two hosts. Nothing listens at the second one yet."""
    ports = Ports()
    port = ports.reserve()
    own: dict[str, str] = {}

    def name_both(found: Mapping[str, str]) -> dict[str, str]:
        own.update(found)
        host = found["DATABASE_URL"].rpartition("@")[2].partition("/")[0]
        return {"DATABASE_URL": found["DATABASE_URL"].replace(host, f"{host},127.0.0.1:{port}")}

    try:
        with LocalStack(environment=name_both, start_process=start_warm) as stack:
            first = first_server(stack, own["DATABASE_URL"])
            with second_server(stack, port=port, like=first) as second:
                yield stack, first, second
    finally:
        ports.release()


@contextmanager
def _watching(stack: LocalStack) -> Iterator[Watch]:
    """A customer whose jobs come in while the block runs. Afterwards nothing is lost, every refusal was an honest one, and the
    processes are those of the beginning.
    """
    processes = {part.name: part.pid for part in stack.parts if part.is_running and "database" not in part.name}
    with ExitStack() as closing:
        listener = closing.enter_context(listening())
        customer = closing.enter_context(open_account(stack, "watch"))
        customer.http.post("/v1/webhook-endpoints", json={"url": listener.url}).raise_for_status()
        running = customer.wait_until_rendering(customer.submit(**LONG))
        watch = Watch(customer, listener)
        sender = threading.Thread(target=watch.send)
        sender.start()
        try:
            time.sleep(1)
            yield watch
        finally:
            watch.is_over.set()
            sender.join()

        ended = customer.wait_until_all_finished([running, *watch.accepted], seconds=120)
        assert {job["status"] for job in ended} == {"succeeded"}
        refused = [answer for answer in watch.answers if answer.status_code != HTTPStatus.ACCEPTED]
        assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "database_unavailable")}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        assert {status for status, _ in watch.ready} == {200, 503}
        assert {part.name: part.pid for part in stack.parts if part.name in processes} == processes
        with checking(stack.environment) as checker:
            assert checker.list_violations(accepted=[job["id"] for job in watch.accepted]) == []


def _happened(server: DatabaseServer, table: str, *, since: object) -> bool:
    column = {"job_attempts": "started_at", "webhook_attempts": "created_at"}[table]
    return server.query(f"select exists (select from {table} where {column} > '{since}')") == [(True,)]
