"""The parts that the walk goes through: the API as customers reach it, the doorbell's queue, and the sweep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import get_engine, transaction
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.ids import format_id
from core.settings import get_settings
from tests.integration.empty_tables import empty_tables
from worker.maintenance.sweep import sweep

_QUEUE = render_queue("default")


@dataclass(frozen=True)
class Sender:
    """An account, as it calls the API."""

    account_id: UUID
    api_key: str
    client: FlaskClient

    def post(self, body: dict[str, Any], idempotency_key: str | None) -> TestResponse:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        answer = self.client.post("/v1/jobs", json=body, headers=self._headers | headers)
        # A walk is the same each time: the next step finds the ring in the queue.
        assert get_doorbell().flush()
        return answer

    def cancel(self, job_id: UUID) -> TestResponse:
        return self.client.post(f"/v1/jobs/{format_id('job', job_id)}/cancel", headers=self._headers)

    def cancel_all(self) -> TestResponse:
        return self.client.post("/v1/jobs/cancel", json={"all": True}, headers=self._headers)

    def delete(self, job_id: UUID) -> TestResponse:
        return self.client.delete(f"/v1/jobs/{format_id('job', job_id)}", headers=self._headers)

    def move(self, job_id: UUID, to: str) -> TestResponse:
        return self.client.post(f"/v1/jobs/{format_id('job', job_id)}/move", json={"to": to}, headers=self._headers)

    def pause(self, running: str) -> TestResponse:
        return self.client.post("/v1/queue/pause", json={"running": running}, headers=self._headers)

    def resume(self) -> TestResponse:
        answer = self.client.post("/v1/queue/resume", headers=self._headers)
        assert get_doorbell().flush()
        return answer

    def read(self, job_id: UUID) -> TestResponse:
        return self.client.get(f"/v1/jobs/{format_id('job', job_id)}", headers=self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}


def begin_afresh(client: FlaskClient, *, senders: int) -> list[Sender]:
    """Empty the tables and the queue, and create this number of accounts."""
    with get_engine().begin() as connection:
        empty_tables(connection)
    _redis().delete(_QUEUE)
    return [_open_account(client, f"account {number}") for number in range(senders)]


def _open_account(client: FlaskClient, name: str) -> Sender:
    with transaction() as session:
        account_id = create_account(session, name=name).id
        pepper = get_settings().api_key_pepper.get_secret_value()
        return Sender(account_id, issue_api_key(session, account_id=account_id, pepper=pepper), client)


def take_ring() -> bool:
    """Take a ring out of the queue, as a worker (or an accident) does; False where there is none."""
    return _redis().rpop(_QUEUE) is not None


def ring_for_nothing() -> None:
    """A message too many."""
    assert get_doorbell().ring(_QUEUE, RENDER_NEXT)


def sweep_once() -> None:
    """One sweep."""
    sweep()


def sweep_twice_at_once() -> None:
    """Two sweeps at the same time."""
    with ThreadPoolExecutor(2) as pool:
        for swept in [pool.submit(sweep), pool.submit(sweep)]:
            swept.result()


def _redis() -> redis.Redis:
    return redis.Redis.from_url(get_settings().redis_url)
