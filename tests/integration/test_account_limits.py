"""How many jobs an account may have waiting and running."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import admin.commands
from core.accounts.limits import set_limits
from core.accounts.tables import Account
from core.database import seconds_from_now, transaction
from core.errors import InvalidRequest, TooManyQueuedJobs
from core.ids import format_id, parse_id
from core.jobs.attempts import claim_step_by_step as long_way
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.audit.invariants import list_violations
from core.jobs.outcomes.record_outcome import record_interruption
from core.jobs.queue.running_limit import hold_jobs, release_where_allowed
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from tests.integration.attempts import (
    cancel,
    claim,
    claim_one,
    count_jobs,
    end_overdue,
    fail,
    in_transaction,
    pass_deadline,
    succeed,
)
from tests.integration.conftest import Post, Submit
from tests.integration.present_workers import show_worker

pytestmark = pytest.mark.usefixtures("ways")


def limit(account_id: UUID, **changes: Any) -> None:
    with transaction() as session:
        set_limits(session, account_id=account_id, changes=changes)


def reason(job_id: UUID) -> str | None:
    """Why the job waits, as its sender reads it."""
    with transaction() as session:
        return build_job_view(session, session.get_one(Job, job_id)).queue.reason


def release_held() -> int:
    with transaction() as session:
        return release_where_allowed(session, max_running_jobs=None)


def test_too_many_waiting_jobs_are_refused(account_id: UUID, post: Post) -> None:
    """One more than the limit is answered with 429 and Retry-After; a job that starts frees a slot."""
    limit(account_id, max_queued_jobs=3)
    for number in range(3):
        assert post({"prompt": "a mug"}, **{"Idempotency-Key": f"order-{number}"}).status_code == 202

    refused = post({"prompt": "a mug"}, **{"Idempotency-Key": "order-3"})

    assert (refused.status_code, refused.get_json(force=True)["code"]) == (429, "too_many_queued_jobs")
    assert refused.mimetype == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert count_jobs() == 3
    again = post({"prompt": "a mug"}, **{"Idempotency-Key": "order-1"})
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    claim_one()
    assert post({"prompt": "a mug"}, **{"Idempotency-Key": "order-3"}).status_code == 202
    assert post({"prompt": "a mug"}).status_code == 429


def test_many_submits_at_once_do_not_pass_the_limit(account_id: UUID, submit: Submit) -> None:
    """40 submits from 8 threads at a limit of 15, twice: 15 are accepted, and after 5 claims 5 more."""
    limit(account_id, max_queued_jobs=15)

    def try_to_submit(_: int) -> bool:
        try:
            submit(account_id)
        except TooManyQueuedJobs:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_to_submit, range(40))) == 15
        for _ in range(5):
            claim_one()
        assert sum(pool.map(try_to_submit, range(40))) == 5


def test_a_limit_can_be_changed(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """A lower limit counts from the next submit on, a higher one too; other accounts have their own."""
    for _ in range(5):
        submit(account_id)
    limit(account_id, max_queued_jobs=4)
    with pytest.raises(TooManyQueuedJobs):
        submit(account_id)
    submit(other_account_id)
    limit(account_id, max_queued_jobs=6)
    submit(account_id)
    limit(account_id, max_queued_jobs=None)
    submit(account_id)


def test_a_lower_limit_counts_what_waits_already(account_id: UUID, submit: Submit) -> None:
    """With 6 waiting, a limit of 10 leaves 4 slots; lowered to 8 it leaves 2."""
    limit(account_id, max_queued_jobs=10)
    for _ in range(6):
        submit(account_id)
    limit(account_id, max_queued_jobs=8)
    for _ in range(2):
        submit(account_id)
    with pytest.raises(TooManyQueuedJobs):
        submit(account_id)


def test_impossible_limits_are_named(account_id: UUID) -> None:
    """A limit below 1 and a weight out of bounds are refused by their names."""
    with pytest.raises(InvalidRequest) as refused:
        limit(account_id, weight=float("nan"), max_queued_jobs=0, max_running_jobs=-1)
    assert [error.field for error in refused.value.errors] == ["weight", "max_queued_jobs", "max_running_jobs"]


def test_the_operator_sets_limits(
    account_id: UUID, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`darkroom-admin set-limits` changes what it is given, keeps the rest, and takes `default`."""

    def run(*arguments: str) -> dict[str, str]:
        monkeypatch.setattr(sys, "argv", ["darkroom-admin", *arguments, "--json"])
        admin.commands.main()
        result: dict[str, str] = json.loads(capsys.readouterr().out)
        return result

    account = format_id("acc", account_id)
    assert run("set-limits", account, "--weight", "2.5", "--max-queued", "7") == {
        "weight": "2.5",
        "max_queued_jobs": "7",
        "max_running_jobs": "default",
    }
    assert run("set-limits", account, "--max-queued", "default", "--max-running", "3") == {
        "weight": "2.5",
        "max_queued_jobs": "default",
        "max_running_jobs": "3",
    }
    created = run("create-account", "third", "--max-running", "1")
    with transaction() as session:
        row = session.get_one(Account, parse_id("acc", created["account_id"]))
        assert (row.weight, row.max_queued_jobs, row.max_running_jobs) == (1, None, 1)
    with pytest.raises(SystemExit, match="max_running_jobs: must lie between 1"):
        run("set-limits", account, "--max-running", "0")


def test_jobs_over_the_running_limit_wait(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """With two running an account's third job waits, says why, and others' jobs pass it; then it goes first."""
    show_worker()
    limit(account_id, max_running_jobs=2)
    mine = [submit(account_id) for _ in range(4)]
    others = [submit(other_account_id) for _ in range(4)]

    attempts = [claim_one() for _ in range(6)]

    assert [attempt.job_id for attempt in attempts if attempt.account_id == account_id] == mine[:2]
    assert [attempt.job_id for attempt in attempts if attempt.account_id == other_account_id] == others
    assert claim() is None
    assert reason(mine[2]) == reason(mine[3]) == "account_limit"
    assert reason(submit(account_id)) == "account_limit", "known at once when it is sent"

    submit(other_account_id)
    succeed(next(attempt for attempt in attempts if attempt.job_id == mine[0]))
    assert reason(mine[2]) == "waiting_for_worker"
    assert claim_one().job_id == mine[2]
    assert claim_one().account_id == other_account_id
    assert claim() is None


def test_whatever_ends_an_attempt_lets_the_next_job_through(account_id: UUID, submit: Submit) -> None:
    """A failure, a shutdown, a cancel and a passed deadline free a slot as a success does."""
    limit(account_id, max_running_jobs=1)
    jobs = [submit(account_id) for _ in range(6)]

    fail(claim_one().id)
    with transaction() as session:
        session.get_one(Job, jobs[0]).available_at = seconds_from_now(3600)
    interrupted = claim_one()
    assert interrupted.job_id == jobs[1], "the first one waits for its next attempt"
    in_transaction(record_interruption, interrupted.id)
    cancelled = claim_one()
    assert cancelled.job_id == jobs[1]
    cancel(account_id, jobs[1])
    assert claim() is None, "its worker has not stopped yet"
    assert succeed(cancelled) == "cancelled"
    assert claim_one().job_id == jobs[2]
    pass_deadline(jobs[2], seconds=31)
    assert end_overdue() == {jobs[2]}
    assert claim_one().job_id == jobs[3]
    assert claim() is None


def test_a_waiting_job_that_ends_makes_way(account_id: UUID, submit: Submit) -> None:
    """The job whose turn it is can be cancelled: the one behind it is released instead."""
    limit(account_id, max_running_jobs=1)
    jobs = [submit(account_id) for _ in range(3)]
    first = claim_one()
    assert claim() is None
    succeed(first)
    cancel(account_id, jobs[1])

    assert claim_one().job_id == jobs[2]


def test_a_higher_limit_lets_jobs_through(account_id: UUID, submit: Submit) -> None:
    """After a limit is raised, or taken away, the next sweep lets as many jobs through as may run, and no more."""
    limit(account_id, max_running_jobs=1)
    jobs = [submit(account_id) for _ in range(6)]
    claim_one()
    assert claim() is None
    assert release_held() == 0

    limit(account_id, max_running_jobs=3)
    assert release_held() == 2
    assert release_held() == 0
    assert [claim_one().job_id for _ in range(2)] == jobs[1:3]
    assert claim() is None
    limit(account_id, max_running_jobs=None)
    assert release_held() == 3
    assert [claim_one().job_id for _ in range(3)] == jobs[3:]


def test_the_settings_limit_every_account_without_its_own(
    account_id: UUID, other_account_id: UUID, submit: Submit
) -> None:
    """A limit in the settings holds for all accounts but those that have their own."""
    limit(other_account_id, max_running_jobs=3)
    for account in (account_id, other_account_id):
        for _ in range(4):
            submit(account)

    claimed = []
    while True:
        with transaction() as session:
            attempt = claim_step_by_step(
                session, ClaimingWorker(pool="default", worker_id="w", lease_seconds=30, max_running_jobs=1)
            ).attempt
        if attempt is None:
            break
        claimed.append(attempt.account_id)

    assert (claimed.count(account_id), claimed.count(other_account_id)) == (1, 3)


def test_a_job_that_ends_while_others_are_being_held_wastes_no_time(
    account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account at its limit of one: while a claim holds its second job, the first one ends, and sees none that is held. The
    claim releases the second one again, and gets it, without a sweep.
    """
    limit(account_id, max_running_jobs=1)
    first_job, second_job = submit(account_id), submit(account_id)
    first = claim_one()
    assert first.job_id == first_job

    def hold_and_be_overtaken(session: Session, *, job_id: UUID, account_id: UUID) -> None:
        hold_jobs(session, job_id=job_id, account_id=account_id)
        assert succeed(first) == "succeeded"

    with monkeypatch.context() as patched:
        patched.setattr(long_way, "hold_jobs", hold_and_be_overtaken)
        second = claim_one()

    assert second.job_id == second_job


def test_many_workers_keep_the_limits(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """Six workers, two accounts with limits of 1 and 2, 40 jobs: the limits are never exceeded, and all jobs end."""
    limits = {account_id: 1, other_account_id: 2}
    for account, most in limits.items():
        limit(account, max_running_jobs=most)
        for _ in range(20):
            submit(account)
    start = threading.Barrier(6)
    too_many: list[int] = []

    def work(worker: int) -> int:
        start.wait()
        done = idle = 0
        while idle < 40:
            attempt = claim(f"worker-{worker}")
            if attempt is None:
                idle += 1
                threading.Event().wait(0.01)
                continue
            running = select(func.count()).where(Job.account_id == attempt.account_id, Job.status == "running")
            with transaction() as session:
                if (count := session.execute(running).scalar_one()) > limits[attempt.account_id]:
                    too_many.append(count)
            succeed(attempt)
            release_held()
            done += 1
            idle = 0
        return done

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 40
    assert too_many == []
    with transaction() as session:
        assert list_violations(session) == []
