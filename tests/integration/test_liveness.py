"""A worker that does not receive its rings is detected, and no other one. On a real PostgreSQL and a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from core.database.transaction import _sessions, get_engine
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import claim_one
from tests.integration.conftest import Submit
from worker.rendering.process.liveness import Liveness

QUEUE = render_queue("default")


class Bench:
    """A worker's liveness, with a clock and a capacity of the test's own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.has_room = True
        self.liveness = Liveness(pool="default", could_claim=lambda: self.has_room, clock=lambda: self.now)

    def deaf_after(self, *steps: float) -> float:
        """Check after each of these numbers of seconds, and return the result of the last check."""
        for seconds in steps:
            self.now += seconds
            deaf_seconds = self.liveness.check()
        return deaf_seconds


@pytest.fixture
def bench(servers: LocalStack, database: None) -> Iterator[Bench]:
    get_doorbell.cache_clear()
    get_doorbell()._counting.delete(QUEUE)
    yield Bench()
    get_doorbell()._counting.delete(QUEUE)


@pytest.fixture
def submit(submit: Submit) -> Submit:
    """Sends a job whose ring is lost."""

    def send(account_id: UUID) -> UUID:
        job_id = submit(account_id)
        get_doorbell().flush()
        get_doorbell()._counting.delete(QUEUE)
        return job_id

    return send


def test_work_that_is_not_looked_at_is_counted(bench: Bench, account_id: UUID, submit: Submit) -> None:
    """While a job waits and the worker has capacity, the seconds add up, until it claims or the job is claimed by another."""
    submit(account_id)
    assert bench.deaf_after(3, 3, 3) == 9

    bench.liveness.note_look()
    assert bench.deaf_after(3) == 3

    claim_one()
    assert bench.deaf_after(3) == 0


def test_nobody_is_deaf_without_work_or_without_room(bench: Bench, account_id: UUID, submit: Submit) -> None:
    """An empty queue, and a worker that is full, are no reason."""
    assert bench.deaf_after(3, 3) == 0

    submit(account_id)
    bench.has_room = False
    assert bench.deaf_after(3, 3) == 0


def test_a_process_that_stood_still_was_not_deaf(bench: Bench, account_id: UUID, submit: Submit) -> None:
    """An hour in which the whole process was frozen counts as two checks."""
    submit(account_id)

    assert bench.deaf_after(3, 3600) <= 9


def test_it_rings_where_nobody_has(bench: Bench, account_id: UUID, submit: Submit) -> None:
    """A job whose ring was lost is rung for once, so that a dead sweep is not the worker's fault."""
    submit(account_id)

    bench.deaf_after(3, 3, 3)

    assert get_doorbell().count_waiting(QUEUE) == 1


def test_a_dead_redis_and_a_dead_database_are_no_reason(
    bench: Bench, account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one of them does not answer, a new process would be as deaf as this one."""
    submit(account_id)
    assert bench.deaf_after(3, 3) == 6

    for name, url in (("REDIS_URL", "redis://127.0.0.1:9/0"), ("DATABASE_URL", "postgresql://u:p@127.0.0.1:9/d")):
        with monkeypatch.context() as patch:
            patch.setenv(name, url)
            _forget()
            assert bench.deaf_after(3, 3) == 0, name
        _forget()
        assert bench.deaf_after(3) == 3


def test_rings_that_lie_there_unheard_are_not_added_to(bench: Bench, account_id: UUID, submit: Submit) -> None:
    """Where rings wait, nothing is rung, and the worker that leaves them there is deaf."""
    submit(account_id)
    get_doorbell().ring(QUEUE, RENDER_NEXT, times=2)

    assert bench.deaf_after(3, 3) == 6
    assert get_doorbell().count_waiting(QUEUE) == 2


def _forget() -> None:
    get_engine().dispose()
    for cached in (get_settings, get_doorbell, get_engine, _sessions):
        cached.cache_clear()
