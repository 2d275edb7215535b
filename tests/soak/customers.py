"""The accounts that send the jobs, each with a key and an endpoint for webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from tests.faults.service import Service
from tests.soak.plan import ACCOUNTS

#: One has a share of its own, one may have few jobs waiting, one may have few running.
_LIMITS: tuple[dict[str, Any], ...] = ({"weight": 2.0}, {}, {"max_queued_jobs": 10}, {"max_running_jobs": 2})

_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Customer:
    """One account, from outside."""

    account_id: UUID
    http: httpx2.Client
    #: Verifies what comes to its endpoint.
    webhook: Webhook


@contextmanager
def open_accounts(service: Service, receiver_url: str) -> Iterator[list[Customer]]:
    """As many as the plan has, each with its endpoint at the receiver."""
    engine = create_engine(service.direct["DATABASE_URL"], poolclass=NullPool)
    with ExitStack() as stack:
        yield [
            _open_account(service, engine, number, receiver_url, stack.enter_context(_open_http(service)))
            for number in range(ACCOUNTS)
        ]


def _open_http(service: Service) -> httpx2.Client:
    return httpx2.Client(base_url=service.stack.url, timeout=_PATIENCE_SECONDS)


def _open_account(service: Service, engine: Engine, number: int, receiver_url: str, http: httpx2.Client) -> Customer:
    with Session(engine) as session, session.begin():
        account = create_account(session, name=f"soak {number}", **_LIMITS[number])
        account_id = account.id
        key = issue_api_key(session, account_id=account_id, pepper=service.direct["API_KEY_PEPPER"])
    http.headers["Authorization"] = f"Bearer {key}"
    endpoint = http.post("/v1/webhook-endpoints", json={"url": receiver_url}).raise_for_status().json()
    return Customer(account_id, http, Webhook(endpoint["secret"]))
