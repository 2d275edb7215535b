"""What an account sees of the queue: its own jobs, and numbers of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core.database import transaction
from core.ids import format_id
from core.jobs.own_queue import history, running_batches, waiting_groups
from core.jobs.own_queue.shared_reading import SharedReading
from tests.integration.attempts import claim_one, end_a_job, renew, succeed
from tests.integration.conftest import Submit
from tests.integration.present_workers import look_again, show_worker
from tests.integration.test_outputs import Gallery


def look_afresh() -> None:
    """As if seconds had passed since anybody looked."""
    look_again()
    history.forget_everybodys()
    running_batches.forget_workers()
    waiting_groups.forget_everybodys()


@pytest.fixture(autouse=True)
def _nothing_remembered(database: None) -> Iterator[None]:
    look_afresh()
    yield
    look_afresh()


@pytest.fixture
def account(client: FlaskClient, account_id: UUID) -> Gallery:
    """The account over HTTP."""
    return Gallery(client, account_id)


def read(account: Gallery) -> dict[str, Any]:
    look_afresh()
    answer = account.send("GET", "queue/figures")
    assert answer.status_code == 200, answer.text
    figures: dict[str, Any] = answer.get_json()
    return figures


def test_own_jobs_are_shown_and_others_counted(
    account: Gallery, account_id: UUID, other_account_id: UUID, submit: Submit
) -> None:
    """Beside what runs stands which worker draws it, with how many others and at which step; nobody's prompt."""
    show_worker(worker_id="machine-of-the-operator:17")
    own, others = submit(account_id), submit(other_account_id, prompt="a secret plan")
    attempts = [claim_one("machine-of-the-operator:17") for _ in range(2)]
    renew(next(attempt.id for attempt in attempts if attempt.job_id == own))
    for sender in (account_id, other_account_id, other_account_id):
        submit(sender, prompt="a secret plan")

    figures = read(account)

    assert (figures["mine"], figures["all"]) == ({"queued": 1, "running": 1}, {"queued": 3, "running": 2})
    [worker] = figures["workers"]
    assert (worker["pool"], worker["live"], worker["draining"], worker["slots"]) == ("default", True, False, 16)
    assert worker["loaded"] == ["picturebook"]
    [batch] = worker["batches"]
    assert (batch["model"], batch["jobs"], batch["mine"]) == ("picturebook", 2, 1)
    [running] = batch["running"]
    assert (running["job_id"], running["step"]) == (format_id("job", own), 3)
    [group] = figures["waiting"]
    assert (group["model"], group["mine"], group["all"], group["reason"]) == ("picturebook", 1, 3, "waiting_for_worker")
    assert group["message"] == "1 worker takes the jobs of the pool 'default' in fair order."
    shown = str(figures)
    for secret in ("secret", "machine-of-the-operator", format_id("job", others)):
        assert secret not in shown


def test_what_waits_says_why(account: Gallery, account_id: UUID, submit: Submit) -> None:
    """No worker, an account that has paused its jobs, or a model that is loaded."""
    submit(account_id)
    [group] = read(account)["waiting"]
    assert group["reason"] == "no_capable_worker"
    assert "RENDER_POOL=default" in group["message"]

    show_worker(loaded=[], loading=["picturebook"])
    [group] = read(account)["waiting"]
    assert group["reason"] == "loading_model"

    account.send("POST", "queue/pause", {})
    figures = read(account)
    [group] = figures["waiting"]
    assert (group["reason"], group["mine"]) == ("paused", 1)
    assert figures["mine"]["queued"] == 1


def test_an_empty_queue_has_figures(account: Gallery) -> None:
    """Nothing runs or waits, and the plots are there with their times."""
    figures = read(account)

    assert (figures["workers"], figures["waiting"]) == ([], [])
    assert (len(figures["hour"]["buckets"]), len(figures["day"]["buckets"])) == (60, 48)
    assert all(bucket["succeeded"] == {"mine": 0, "all": 0} for bucket in figures["day"]["buckets"])
    assert figures["hour"]["buckets"][0]["wait_seconds"] == {"mine": None, "all": None}


def test_throughput_and_wait_are_counted_by_time(
    account: Gallery, account_id: UUID, other_account_id: UUID, submit: Submit
) -> None:
    """By minute and by half an hour, the own ones and all; what was before is not among them."""
    end_a_job(account_id, submit)
    end_a_job(other_account_id, submit)
    end_a_job(account_id, submit)
    with transaction() as session:
        session.execute(
            text("update usage_records set wait_seconds = case when account_id = :id then 4 else 1 end"),
            {"id": account_id},
        )
        session.execute(
            text(
                "update usage_records set created_at = now() - interval '10 hours', wait_seconds = 40 "
                "where job_id = (select job_id from usage_records where account_id = :id limit 1)"
            ),
            {"id": account_id},
        )
        session.execute(
            text(
                "insert into usage_records (job_id, account_id, model, images, cost, render_seconds, created_at) "
                "values (gen_random_uuid(), :id, 'picturebook', 1, 1, 1, now() - interval '25 hours')"
            ),
            {"id": account_id},
        )

    figures = read(account)

    hour, day = figures["hour"], figures["day"]
    assert (hour["bucket_seconds"], day["bucket_seconds"]) == (60, 1800)
    now = [bucket for bucket in hour["buckets"] if bucket["succeeded"]["all"]]
    assert sum(bucket["succeeded"]["mine"] for bucket in now) == 1
    assert sum(bucket["succeeded"]["all"] for bucket in now) == 2
    assert {bucket["wait_seconds"]["mine"] for bucket in now if bucket["succeeded"]["mine"]} == {4.0}
    counted = [bucket for bucket in day["buckets"] if bucket["succeeded"]["mine"]]
    assert [bucket["succeeded"]["mine"] for bucket in counted] == [1, 1]
    assert counted[0]["wait_seconds"] == {"mine": 40.0, "all": 40.0}
    starts = [bucket["start"] for bucket in hour["buckets"]]
    assert starts == sorted(set(starts))


def test_a_success_writes_down_how_long_it_waited(account_id: UUID, submit: Submit) -> None:
    """From its acceptance to its first start."""
    job_id = submit(account_id)
    with transaction() as session:
        session.execute(text("update jobs set created_at = created_at - interval '30 seconds'"))
    attempt = claim_one()
    assert attempt.job_id == job_id
    succeed(attempt)

    with transaction() as session:
        waited = session.execute(text("select wait_seconds from usage_records")).scalar_one()
    assert 30 <= waited < 90


def test_figures_need_a_key(client: FlaskClient, account: Gallery) -> None:
    """And take no parameter."""
    assert client.get("/v1/queue/figures").status_code == 401
    assert account.send("GET", "queue/figures?colour=red").status_code == 422


def test_models_say_whether_they_can_be_drawn(account: Gallery) -> None:
    """Before a job is sent: a worker that has it in memory, one that would load it, or none."""

    def look() -> tuple[bool, bool, str | None]:
        look_again()
        [listed] = [model for model in account.send("GET", "models").get_json()["data"] if model["id"] == "picturebook"]
        alone = account.send("GET", "models/picturebook").get_json()
        assert {name: alone[name] for name in listed} == listed
        return listed["ready"], listed["resident"], listed["reason"]

    ready, resident, reason = look()
    assert (ready, resident) == (False, False)
    assert "RENDER_POOL=default" in (reason or "")
    show_worker(loaded=[])
    assert look() == (True, False, None)
    show_worker()
    assert look() == (True, True, None)


def test_one_thread_reads_for_all() -> None:
    """What was read is used until its time is over."""
    now = [0.0]
    reading = SharedReading[int](seconds=2.0, clock=lambda: now[0])
    numbers = iter(range(10))

    def read_at(moment: float) -> int:
        now[0] = moment
        return reading.get(lambda: next(numbers))

    assert [read_at(moment) for moment in (0.0, 1.9, 2.1, 3.0, 4.2)] == [0, 0, 1, 1, 2]
