"""A job that was answered with 202 is rendered, whatever dies in between. Real processes, real signals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer
from tests.acceptance.worker_logs import told
from tests.conftest import CHECKPOINT_SECONDS
from tests.faults.checker import Checker, checking
from tests.warm.run_warm import run_warm

#: Takes a few seconds: long enough to be killed in the middle, short enough to be rendered again in time.
MEDIUM: dict[str, Any] = {"width": 128, "height": 128, "num_inference_steps": 60}

#: The same to the bit whoever renders it.
DETERMINISTIC: dict[str, Any] = {**MEDIUM, "seed": 7, "deterministic": True}


@pytest.fixture(scope="module")
def checker(stack: LocalStack) -> Iterator[Checker]:
    """The operator's own checks; after the last of these tests the operator's command says the same."""
    with checking(stack.environment) as checker:
        yield checker
    verdict = run_warm("admin", "verify", environment={**stack.environment, "ORPHAN_GRACE_SECONDS": "3600"})
    assert (verdict.stdout, verdict.returncode) == ("violations: none\n", 0), verdict.stderr


@pytest.fixture(autouse=True)
def verified(checker: Checker) -> Iterator[None]:
    """After each of these tests the operator's own checks find nothing broken, in the rows and in the bucket."""
    yield
    assert checker.list_violations() == []


@pytest.mark.slow
def test_a_killed_workers_job_succeeds_on_another_attempt(stack: LocalStack, customer: Customer) -> None:
    """SIGKILL in mid-render: the job succeeds once, on its second attempt, within 45 s, with one set of images. It goes on
    from its latest checkpoint: no more than an interval (and a second, for the store and the sign of life) is rendered again.
    """
    job = customer.submit(**MEDIUM)
    customer.wait_for(job, lambda _: _find_checkpoint(stack, job)[1] is not None, "at its first checkpoint")
    worker = stack.part("worker-1")

    worker.kill()
    killed = time.monotonic()
    step, checkpoint = _find_checkpoint(stack, job)
    worker.restart()
    job = customer.wait_until_finished(job)
    recovered_after = time.monotonic() - killed

    assert job["status"] == "succeeded", job
    assert recovered_after < 45
    assert job["attempts"] == 2
    assert customer.download(job["outputs"][0])
    rows = _query(
        stack,
        "select a.status, (select count(*) from artifacts f where f.attempt_id = a.id), a.id = j.current_attempt_id "
        "from job_attempts a join jobs j on j.id = a.job_id where j.id = %s order by a.attempt_number",
        _uuid(job),
    )
    assert rows == [("expired", 0, False), ("succeeded", 1, True)]
    assert _query(stack, "select count(*) from usage_records where job_id = %s", _uuid(job)) == [(1,)]
    [resumed] = told(worker, "job_resumed", job)
    assert resumed["step"] == checkpoint["step"]
    receipt, render_ms = _read_end(stack, job)
    assert receipt["batching"]["forwards"] == MEDIUM["num_inference_steps"] - resumed["step"]
    seconds_again = (step - resumed["step"]) * render_ms / 1000 / receipt["batching"]["forwards"]
    assert seconds_again <= CHECKPOINT_SECONDS + 1


@pytest.mark.slow
def test_sigterm_lets_a_short_job_finish(stack: LocalStack, customer: Customer) -> None:
    """A worker that is asked to stop finishes what fits into its drain time, claims nothing more, and ends."""
    job = customer.wait_until_rendering(customer.submit(**MEDIUM))
    worker = stack.part("worker-1")

    worker.ask_to_stop()
    waiting = customer.submit(**SMALL)
    worker.wait_until_stopped()

    job = customer.read(job)
    assert (job["status"], job["attempts"]) in {("succeeded", 1), ("queued", 0)}
    assert customer.read(waiting)["status"] == "queued"
    worker.start()
    worker.wait_until_ready()
    ended = customer.wait_until_all_finished([job, waiting])
    assert [(job["status"], job["attempts"]) for job in ended] == [("succeeded", 1), ("succeeded", 1)]


@pytest.mark.slow
def test_sigterm_hands_a_long_job_back_without_using_up_an_attempt(stack: LocalStack, customer: Customer) -> None:
    """A job that does not fit goes back to the queue, and another worker does the rest of it on its first attempt: no step
    is rendered twice, and the picture is the same to the bit as without interruption.
    """
    worker = stack.part("worker-1")
    worker.stop()
    hurried = stack.add_worker({"DRAIN_SECONDS": "0"})
    job = customer.wait_until_rendering(customer.submit(**DETERMINISTIC))

    hurried.stop()

    handed_back = customer.read(job)
    assert (handed_back["status"], handed_back["attempts"]) == ("queued", 0)
    worker.start()
    worker.wait_until_ready()
    job = customer.wait_until_finished(job)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    attempts = "select status from job_attempts where job_id = %s order by attempt_number"
    assert _query(stack, attempts, _uuid(job)) == [("interrupted",), ("succeeded",)]
    [stopped], [resumed] = told(hurried, "job_handed_back", job), told(worker, "job_resumed", job)
    assert stopped["step"] == resumed["step"] > 0
    receipt, _ = _read_end(stack, job)
    assert stopped["step"] + receipt["batching"]["forwards"] == DETERMINISTIC["num_inference_steps"]
    whole = customer.wait_until_finished(customer.submit(**DETERMINISTIC))
    assert job["outputs"][0]["sha256"] == whole["outputs"][0]["sha256"]


def test_every_ring_is_lost_while_50_jobs_wait(stack: LocalStack, customer: Customer) -> None:
    """FLUSHALL with 50 jobs queued: the sweep rings again, and all 50 finish."""
    worker = stack.part("worker-1")
    worker.pause()
    try:
        jobs = [customer.submit(**SMALL) for _ in range(50)]
        redis.Redis.from_url(stack.environment["REDIS_URL"]).flushall()
    finally:
        worker.resume()

    ended = customer.wait_until_all_finished(jobs, seconds=90)

    assert {job["status"] for job in ended} == {"succeeded"}
    assert {job["attempts"] for job in ended} == {1}


def test_redis_is_down_during_20_submits(stack: LocalStack, customer: Customer) -> None:
    """Without Redis every submit is answered 202 in under 1.5 s, and rendered once Redis is back."""
    server = stack.part("redis")
    server.kill()
    jobs, seconds = [], []
    for _ in range(20):
        started = time.monotonic()
        jobs.append(customer.submit(**SMALL))
        seconds.append(time.monotonic() - started)
    server.start()
    server.wait_until_ready()

    ended = customer.wait_until_all_finished(jobs, seconds=90)

    assert max(seconds) < 1.5
    assert {job["status"] for job in ended} == {"succeeded"}


def test_a_dead_database_is_a_clean_503(stack: LocalStack, customer: Customer) -> None:
    """Without its database the API says so at once, with Retry-After; when it is back, so is everything else."""
    server = stack.part("database")
    server.kill()
    responses = [
        customer.http.post("/v1/jobs", json={"prompt": "a red mug"}),
        customer.http.get("/readyz"),
        customer.http.get("/livez"),
    ]
    server.restart()

    assert [response.status_code for response in responses] == [503, 503, 200]
    assert responses[0].json()["code"] == "database_unavailable"
    assert int(responses[0].headers["Retry-After"]) > 0
    assert customer.wait_until_finished(customer.submit(**SMALL))["status"] == "succeeded"


def _find_checkpoint(stack: LocalStack, job: dict[str, Any]) -> tuple[int, Any]:
    """The step that the job's latest attempt has told of, and the checkpoint that it names."""
    latest = "select step, checkpoint from job_attempts where job_id = %s order by attempt_number desc limit 1"
    rows: list[Any] = _query(stack, latest, _uuid(job))
    step, checkpoint = rows[0] if rows else (0, None)
    return step, checkpoint


def _read_end(stack: LocalStack, job: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The receipt of the job, and the milliseconds that its last attempt rendered for."""
    end = "select receipt, render_ms from jobs j join job_attempts a on a.id = j.current_attempt_id where j.id = %s"
    rows: list[Any] = _query(stack, end, _uuid(job))
    receipt, render_ms = rows[0]
    return receipt, render_ms


def _uuid(job: dict[str, str]) -> str:
    return job["id"].removeprefix("job_")


def _query(stack: LocalStack, statement: str, *parameters: str) -> list[tuple[object, ...]]:
    with psycopg.connect(stack.environment["DATABASE_URL"].replace("+psycopg", "")) as connection:
        return connection.execute(statement, parameters).fetchall()
