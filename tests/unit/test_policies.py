"""Policies: back-off, retry schedule, failure traits, states."""

from __future__ import annotations

import itertools

import pytest

from core.jobs.failures import FAILURE_TRAITS, Failure, FailureCode
from core.jobs.outcomes.backoff import backoff_seconds
from core.jobs.status import FINISHED, TRANSITIONS, JobStatus
from core.webhooks.retry_schedule import RETRY_SCHEDULE_SECONDS, next_delay_seconds


def test_a_lost_worker_costs_no_further_wait() -> None:
    """The lease was wait enough: the second attempt may start at once, the third may not."""
    assert backoff_seconds(1, FailureCode.LEASE_EXPIRED) == 0
    assert backoff_seconds(2, FailureCode.LEASE_EXPIRED) > 0


@pytest.mark.parametrize("code", FailureCode)
def test_backoff_never_shrinks(code: FailureCode) -> None:
    """Each further attempt waits at least as long as the one before, for any number of attempts."""
    waits = [backoff_seconds(attempts, code) for attempts in range(1, 20)]

    assert waits == sorted(waits)


def test_the_webhook_schedule_ends() -> None:
    """Ten tries over about three days, each later than the one before; then None."""
    delays = [
        next_delay_seconds(attempts, retry_after_seconds=None, random=0)
        for attempts in range(1, len(RETRY_SCHEDULE_SECONDS) + 1)
    ]

    assert delays == sorted(RETRY_SCHEDULE_SECONDS)
    assert 70 * 3600 < sum(RETRY_SCHEDULE_SECONDS) < 80 * 3600
    assert next_delay_seconds(len(RETRY_SCHEDULE_SECONDS) + 1, retry_after_seconds=None, random=0) is None


def test_retry_after_lengthens_and_never_shortens() -> None:
    """A receiver may ask for patience, not for haste, and not for ever."""
    assert next_delay_seconds(1, retry_after_seconds=60, random=0) == 60
    assert next_delay_seconds(2, retry_after_seconds=1, random=0) == 300
    assert next_delay_seconds(1, retry_after_seconds=1e9, random=0) == 86_400


def test_jitter_spreads_by_at_most_a_tenth() -> None:
    """Receivers that come back are not hit by everything in one second."""
    assert next_delay_seconds(2, retry_after_seconds=None, random=0.999) == pytest.approx(330, rel=1e-2)


def test_every_failure_code_has_traits() -> None:
    """No code can end a job without saying whose fault it was."""
    assert set(FAILURE_TRAITS) == set(FailureCode)
    assert all(Failure(code, "").traits.fault for code in FailureCode)


def test_no_end_is_ever_left() -> None:
    """A finished job has no way on, every unfinished one has, and every end can be reached."""
    assert {status for status in JobStatus if not TRANSITIONS[status]} == FINISHED
    reached = set(itertools.chain.from_iterable(TRANSITIONS.values()))
    assert reached == set(JobStatus)
