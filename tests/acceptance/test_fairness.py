"""One noisy account does not starve a quiet one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer


@pytest.mark.slow
def test_a_small_account_does_not_wait_for_a_big_ones_queue(
    stack: LocalStack, customer: Customer, other_customer: Customer
) -> None:
    """180 jobs of one account, then 20 of another, on one worker: the 20 are among the first 41 to start."""
    worker = stack.part("worker-1")
    worker.pause()
    try:
        with ThreadPoolExecutor(8) as pool:
            big = list(pool.map(lambda _: customer.submit(**SMALL), range(180)))
            small = list(pool.map(lambda _: other_customer.submit(**SMALL), range(20)))
    finally:
        worker.resume()

    big = customer.wait_until_all_finished(big, seconds=110)
    small = other_customer.wait_until_all_finished(small)

    assert {job["status"] for job in [*big, *small]} == {"succeeded"}
    started = sorted([(job["started_at"], "big") for job in big] + [(job["started_at"], "small") for job in small])
    order = [account for _, account in started]
    # They take turns; the paused worker may have held one of the big account's jobs already.
    assert order[:41].count("small") == 20
