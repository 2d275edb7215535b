"""What the customers do: send, send again what was not answered, cancel, delete, and look at what is not theirs."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx2

from tests.soak.customers import Customer
from tests.soak.pace import Pace
from tests.soak.plan import Order, Plan

#: An order that is not accepted after so long is what a customer would call an outage.
_GIVE_UP_SECONDS = 120

#: What may be answered while something is broken: by us, or (500) by a fault point that raises.
_TRY_AGAIN = {429, 500, 502, 503}

_WITH_RETRY_AFTER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

#: A job that is to be deleted has to end first.
_DELETE_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Submit:
    """One that was accepted, in seconds of the wall clock, as logs have it."""

    sent_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        """What its sender waited."""
        return self.answered_at - self.sent_at


class Traffic:
    """Sends the orders of a plan, and keeps what it was told."""

    def __init__(self, plan: Plan, customers: Sequence[Customer], pace: Pace) -> None:
        self.customers = customers
        #: By the job's id, the account that was told 202.
        self.accepted: dict[str, int] = {}
        #: By account and key, the ids of the jobs that were answered.
        self.by_key: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        #: Jobs whose cancel was answered with 200.
        self.cancelled: set[str] = set()
        #: Jobs whose deletion was answered with 200 or 202.
        self.deleted: set[str] = set()
        #: How submits were answered: a status code, or "none".
        self.answers: Counter[str] = Counter()
        self.submits: list[Submit] = []
        #: What a customer has a right to complain about.
        self.complaints: list[str] = []
        self._plan = plan

        self._pace = pace
        self._dice = random.Random(plan.seed)
        self._lock = threading.Lock()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._left_to_do = 0
        self._numbers = itertools.count()

    def send_orders(self) -> None:
        """Until none is left. Several threads may."""
        while (number := self._pace.take_order()) is not None:
            order = self._plan.orders[number]
            job = self._send_until_accepted(order)
            if job is None:
                self.complaints.append(f"order {number} was not accepted within {_GIVE_UP_SECONDS} s")
                continue
            if order.is_repeated:
                self._send_until_accepted(order)
            if order.has_stranger:
                self._look_from_outside(order, job)
            if order.cancel_after is not None:
                self._do_later(order.cancel_after, partial(self._cancel, job, order.account))
            if order.delete_after is not None:
                self._do_later(order.delete_after, partial(self._delete, job, order.account))

    def send_what_is_due(self, is_over: threading.Event) -> None:
        """Cancel and delete at their times the jobs that are to be cancelled and deleted."""
        while not is_over.wait(0.02):
            with self._lock:
                is_due = bool(self._later) and self._later[0][0] <= time.monotonic()
                due = heapq.heappop(self._later) if is_due else None
            if due is not None:
                due[2]()
                with self._lock:
                    self._left_to_do -= 1

    def has_more_to_do(self) -> bool:
        """Whether something is still to be cancelled or deleted."""
        with self._lock:
            return self._left_to_do > 0

    def _do_later(self, seconds: float, what: Callable[[], None]) -> None:
        with self._lock:
            self._left_to_do += 1
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), what))

    def _send_until_accepted(self, order: Order) -> str | None:
        headers = {} if order.key is None else {"Idempotency-Key": order.key}
        gives_up_at = time.monotonic() + _GIVE_UP_SECONDS
        while time.monotonic() < gives_up_at:
            started = time.time()
            answer = self._ask("POST", "/v1/jobs", order.account, json=order.body, headers=headers)
            self._count(answer, Submit(started, time.time()))
            if answer is not None and answer.status_code == HTTPStatus.ACCEPTED:
                return self._note(order, answer.json()["id"])
            if answer is not None and answer.status_code not in _TRY_AGAIN:
                self.complaints.append(f"order {order.number} was answered {answer.status_code}: {answer.text}")
                return None
            time.sleep(self._dice.uniform(0.05, 0.4))
        return None

    def _note(self, order: Order, job: str) -> str:
        with self._lock:
            self.accepted[job] = order.account
            if order.key is not None:
                self.by_key[order.account, order.key].add(job)
        return job

    def _count(self, answer: httpx2.Response | None, submit: Submit) -> None:
        with self._lock:
            status = None if answer is None else answer.status_code
            self.answers["none" if status is None else str(status)] += 1
            if status == HTTPStatus.ACCEPTED:
                self.submits.append(submit)
            if answer is not None and status in _WITH_RETRY_AFTER and "Retry-After" not in answer.headers:
                self.complaints.append(f"a {status} without Retry-After")

    def _look_from_outside(self, order: Order, job: str) -> None:
        own = self._ask("GET", f"/v1/jobs/{job}", order.account)
        if own is not None and own.status_code == HTTPStatus.NOT_FOUND:
            self.complaints.append(f"{job} was accepted, and its sender does not find it")
        other = self._ask("GET", f"/v1/jobs/{job}", (order.account + 1) % len(self.customers))
        if other is not None and other.status_code < HTTPStatus.BAD_REQUEST:
            self.complaints.append(f"{job} is shown to another account")

    def _cancel(self, job: str, account: int) -> None:
        for _ in range(5):
            answer = self._ask("POST", f"/v1/jobs/{job}/cancel", account)
            if answer is not None and answer.status_code == HTTPStatus.NOT_FOUND:
                self.complaints.append(f"{job} was accepted, and is not found when it is cancelled")
            if answer is not None and answer.status_code == HTTPStatus.OK:
                self.cancelled.add(job)
            if answer is not None and answer.status_code not in _TRY_AGAIN:
                return
            time.sleep(0.2)

    def _delete(self, job: str, account: int) -> None:
        answer = self._ask("DELETE", f"/v1/jobs/{job}", account)
        status = None if answer is None else answer.status_code
        if status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            self.deleted.add(job)
        elif answer is None or status in {*_TRY_AGAIN, HTTPStatus.CONFLICT}:
            # It has not ended yet, or nobody answered.
            self._do_later(_DELETE_AGAIN_SECONDS, partial(self._delete, job, account))
        else:
            self.complaints.append(f"the deletion of {job} was answered {status}: {answer.text}")

    def _ask(self, method: str, path: str, account: int, **arguments: Any) -> httpx2.Response | None:
        try:
            return self.customers[account].http.request(method, path, **arguments)
        except httpx2.TransportError:
            return None
