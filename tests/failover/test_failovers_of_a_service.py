"""The whole service goes through failovers of its database: nothing is lost, and no process has to be started again."""

from __future__ import annotations

import json
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
    ready: list[int] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    is_over: threading.Event = field(default_factory=threading.Event)

    def send(self) -> None:
        """Until it is over."""
        while not self.is_over.wait(0.3):
            self.answers.append(self.customer.http.post("/v1/jobs", json={"prompt": "a red mug", **SHORT}))
            self.ready.append(self.customer.http.get("/readyz").status_code)

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """What was answered with 202."""
        return [answer.json() for answer in self.answers if answer.status_code == HTTPStatus.ACCEPTED]

    def wait_until_back(self, began_at: float) -> None:
        """Returns when a job that was sent by now has been accepted, drawn and reported by a webhook: the API, a worker, the
        dispatcher and the sweep work. Fails if that takes longer than it may.
        """
        sent = len(self.accepted)
        wait_until(lambda: len(self.accepted) > sent, "submits are accepted", _left(began_at))
        job = self.accepted[sent]
        wait_until(lambda: self._is_reported(job["id"]), "it is drawn and reported", _left(began_at))
        print(f"back after {time.monotonic() - began_at:.1f} s")

    def _is_reported(self, job_id: str) -> bool:
        while not self.listener.calls.empty():
            self.reported.add(json.loads(self.listener.calls.get().body)["data"]["id"])
        return job_id in self.reported


@pytest.fixture(scope="module")
def two_hosts() -> Iterator[tuple[LocalStack, DatabaseServer, DatabaseServer]]:
    """A service with the default times, whose database has an address of two hosts; nothing listens at the second one."""
    ports = Ports()
    own: dict[str, str] = {}

    def name_both(found: Mapping[str, str]) -> dict[str, str]:
        own.update(found)
        host = found["DATABASE_URL"].rpartition("@")[2].partition("/")[0]
        return {"DATABASE_URL": found["DATABASE_URL"].replace(host, f"{host},127.0.0.1:{port}")}

    port = ports.reserve()
    with LocalStack(environment=name_both) as stack:
        first = first_server(stack, own["DATABASE_URL"])
        with second_server(stack, port=port, like=first) as second:
            yield stack, first, second
    ports.release()


@pytest.mark.parametrize("refusal", Refusal)
def test_sessions_are_read_only_for_a_while(
    two_hosts: tuple[LocalStack, DatabaseServer, DatabaseServer], refusal: Refusal
) -> None:
    """F43, F44: as a managed database does it, at the same address: for six seconds its sessions take no writes. Those of that
    time stay connected, and some of them read-only.
    """
    stack, first, _ = two_hosts
    with _watching(stack) as watch:
        with refusing_writes(first.url, refusal):
            time.sleep(_REFUSES_SECONDS)
        watch.wait_until_back(time.monotonic())


def test_the_primary_is_killed_and_its_standby_promoted(
    two_hosts: tuple[LocalStack, DatabaseServer, DatabaseServer],
) -> None:
    """F45: SIGKILL to the primary while jobs run and others come in; its standby, which has every transaction, is promoted two
    seconds later.
    """
    stack, first, second = two_hosts
    second.follow(first)
    with _watching(stack) as watch:
        first.part.kill()
        time.sleep(2)
        second.promote()
        watch.wait_until_back(time.monotonic())


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
        assert set(watch.ready) == {200, 503}
        assert {part.name: part.pid for part in stack.parts if part.name in processes} == processes
        with checking(stack.environment) as checker:
            assert checker.list_violations(accepted=[job["id"] for job in watch.accepted]) == []


def _left(began_at: float) -> float:
    return max(0.1, began_at + _BACK_SECONDS - time.monotonic())
