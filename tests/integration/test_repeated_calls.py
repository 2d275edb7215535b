"""Calls that clients repeat without an Idempotency-Key: a repeat joins the job of its call, and a call of its own never does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from core.catalog import get_catalog
from core.database import transaction
from core.ids import parse_id
from core.jobs.audit.invariants import list_violations
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.repeated_calls import Call, record_lost_answer
from core.jobs.submit.submit_job import submit_job
from core.settings import get_settings
from tests.integration.attempts import cancel, claim_one, count_jobs, succeed

MUG = {"prompt": "a red mug"}


def call(account_id: UUID, repeat: int | None, *, caller: str = "key /images", **parameters: object) -> UUID:
    """The id of the job that one try of a call leads to."""
    accepted = submit_job(
        Submission(
            request=RenderRequest.model_validate(MUG | parameters),
            account_id=account_id,
            request_id="req_test",
            call=Call(repeat, caller),
            catalog=get_catalog(),
            settings=get_settings(),
        )
    )
    job_id = parse_id("job", accepted.view.id)
    assert job_id is not None
    return job_id


def lose_answer(account_id: UUID, job_id: UUID) -> None:
    """It is noticed that the client of the call that waits for the job is gone."""
    with transaction() as session:
        record_lost_answer(session, account_id=account_id, job_id=job_id)


def let_time_pass(seconds: int) -> None:
    """Every job has ended so many seconds earlier."""
    with transaction() as session:
        session.execute(text(f"update jobs set finished_at = finished_at - interval '{seconds} seconds'"))


def test_a_repeat_joins_its_job(account_id: UUID) -> None:
    """However often, whether the job waits, runs, or has ended."""
    first = call(account_id, 0)
    assert call(account_id, 1) == first
    attempt = claim_one()
    assert call(account_id, 2) == first
    succeed(attempt)
    assert call(account_id, 3) == first
    assert count_jobs() == 1
    with transaction() as session:
        assert list_violations(session) == []


def test_equal_calls_are_jobs_of_their_own(account_id: UUID) -> None:
    """And each of their repeats joins another one of them."""
    jobs = [call(account_id, 0) for _ in range(3)]
    assert len({*jobs}) == 3
    assert [call(account_id, 1) for _ in jobs] == jobs
    assert [call(account_id, 2) for _ in jobs] == jobs
    assert count_jobs() == 3


def test_the_job_that_most_likely_lost_its_answer_is_joined(account_id: UUID) -> None:
    """One that has not ended goes before one that has, and what ended last before what ended earlier."""
    ended, cancelled = call(account_id, 0), call(account_id, 0)
    succeed(claim_one())
    cancel(account_id, cancelled)
    waiting = call(account_id, 0)
    assert [call(account_id, 1) for _ in range(3)] == [waiting, cancelled, ended]
    # All three were joined: this one's first try never arrived.
    assert call(account_id, 1) not in {waiting, cancelled, ended}


@pytest.mark.parametrize(
    "change", [{"caller": "other /images"}, {"caller": "key /edits"}, {"seed": 7}, {"prompt": "a mug"}]
)
def test_other_calls_are_not_joined(account_id: UUID, change: dict[str, object]) -> None:
    """Those of another key, of another operation, or that ask for something else."""
    first = call(account_id, 0)
    assert call(account_id, 1, **change) != first  # type: ignore[arg-type]  # of each its own


def test_other_accounts_calls_are_not_joined(account_id: UUID, other_account_id: UUID) -> None:
    """Whatever they have in common."""
    assert call(account_id, 0) != call(other_account_id, 1)


def test_an_old_job_is_not_joined(account_id: UUID) -> None:
    """A quarter of an hour after its end nobody waits for its answer any more."""
    first = call(account_id, 0)
    succeed(claim_one())
    let_time_pass(14 * 60)
    assert call(account_id, 1) == first
    let_time_pass(2 * 60)
    assert call(account_id, 2) != first


def test_a_repeat_whose_first_try_never_arrived_is_a_job(account_id: UUID) -> None:
    """And its own repeats join that."""
    first = call(account_id, 1)
    assert call(account_id, 2) == first


def test_repeats_at_the_same_time_join_one_job_each(account_id: UUID) -> None:
    """Ten calls, all repeated at once."""
    jobs = {call(account_id, 0) for _ in range(10)}
    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(lambda _: call(account_id, 1), range(10))) == jobs
    assert count_jobs() == 10


def test_an_equal_call_joins_one_whose_answer_is_lost(account_id: UUID) -> None:
    """Of clients that say nothing of repeats: once, also after the job's end; what it joined may be lost again."""
    first = call(account_id, None)
    lose_answer(account_id, first)
    assert call(account_id, None) == first
    second = call(account_id, None)
    assert second != first
    lose_answer(account_id, first)
    succeed(claim_one())
    assert call(account_id, None) == first
    assert count_jobs() == 2


def test_equal_calls_that_are_answered_are_jobs_of_their_own(account_id: UUID, other_account_id: UUID) -> None:
    """Side by side or one after the other, and whatever becomes of other calls."""
    first = call(account_id, None)
    assert call(account_id, None) != first
    succeed(claim_one())
    lose_answer(other_account_id, first)
    lose_answer(account_id, call(account_id, None, prompt="a lamp"))
    assert call(account_id, None) != first
    assert count_jobs() == 4


def test_a_lost_answer_is_not_waited_for_long(account_id: UUID) -> None:
    """A quarter of an hour after the job's end the call is another one."""
    first = call(account_id, None)
    succeed(claim_one())
    lose_answer(account_id, first)
    let_time_pass(16 * 60)
    assert call(account_id, None) != first
