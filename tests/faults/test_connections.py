"""Connections that are cut while a job runs only cost a reconnect."""

from __future__ import annotations

from typing import Any

import psycopg
import redis

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer

#: Long enough to be caught in the middle.
MEDIUM: dict[str, Any] = {"width": 128, "height": 128, "num_inference_steps": 40}


def test_redis_cuts_every_client_off(stack: LocalStack, customer: Customer) -> None:
    """F8: CLIENT KILL of all, while one job runs and while nothing runs: one attempt, and the next job is heard of."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        job = customer.wait_until_rendering(customer.submit(**MEDIUM))
        client.client_kill_filter(_type="normal", skipme=True)
        job = customer.wait_until_finished(job)
        client.client_kill_filter(_type="normal", skipme=True)
        later = customer.wait_until_finished(customer.submit(**SMALL), seconds=15)

    assert [(job["status"], job["attempts"]) for job in (job, later)] == [("succeeded", 1)] * 2


def test_postgresql_ends_every_session(stack: LocalStack, customer: Customer) -> None:
    """F17: pg_terminate_backend of all sessions, twice while a job runs: it goes on, on its first attempt, and no
    request of its sender fails.
    """
    job = customer.wait_until_rendering(customer.submit(**MEDIUM))
    for _ in range(2):
        with psycopg.connect(stack.environment["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
                "and application_name = 'darkroom'"
            )
        assert customer.read(job)["status"] == "running"
    later = customer.submit(**SMALL)

    ended = customer.wait_until_all_finished([job, later])

    assert [(job["status"], job["attempts"]) for job in ended] == [("succeeded", 1)] * 2
