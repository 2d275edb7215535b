"""A hundred calls that wait at once, through one process of the API."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.acceptance.customer import Customer
from tests.dialects.conftest import list_jobs

pytestmark = pytest.mark.slow

CALLS = 100


def test_none_is_lost_and_none_doubled(customer: Customer, paused: Callable[[], None]) -> None:
    """All of them wait while nothing is rendered, more than the API has threads; each gets a picture of its own, drawn once."""

    def call(number: int) -> httpx2.Response:
        # Equal bodies: nothing but the calls themselves makes them different.
        body = {"prompt": "a red mug", "size": "64x64", "steps": 1}
        answer = customer.http.post("/openai/v1/images/generations", json=body, timeout=90)
        assert answer.status_code == 200, f"{number}: {answer.text}"
        return answer

    with ThreadPoolExecutor(CALLS) as callers:
        calls = [callers.submit(call, number) for number in range(CALLS)]
        # Every call has its job before the first picture is drawn.
        while len(customer.http.get("/v1/jobs?limit=100&fields=id").json()["data"]) < CALLS:
            assert not [each for each in calls if each.done()]
        assert customer.http.get("/livez").status_code == 200
        paused()
        answers = [each.result().json() for each in calls]
    assert len({answer["job_id"] for answer in answers}) == CALLS
    assert len({answer["data"][0]["seed"] for answer in answers}) == CALLS
    assert len(list_jobs(customer)) == 20
    assert customer.http.get(f"/v1/jobs?limit={CALLS}").json()["next_cursor"] is None
