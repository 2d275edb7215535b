"""Pauses: of an account's own jobs, of a pool, and of a model."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.accounts.limits import set_limits
from core.database import transaction
from core.ids import format_id, new_id, parse_id
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.lease import renew_lease
from core.jobs.outcomes.record_outcome import record_cancellation, record_interruption
from core.jobs.own_queue.move_job import move_job
from core.jobs.own_queue.pause_account import AccountsQueue, pause_account, read_queue, resume_account
from core.jobs.priority import PAUSED
from core.jobs.queue.claimable import count_claimable, has_claimable
from core.jobs.queue.pause_work import pause_work, resume_work
from core.jobs.queue.paused_jobs import bring_back_resumed
from core.jobs.views.build_view import build_job_view
from core.pools.presence import Paused
from tests.integration.attempts import (
    claim,
    claim_all,
    claim_one,
    expire_lease,
    in_transaction,
    read_job,
    succeed,
    sweep,
)
from tests.integration.conftest import Post, Submit
from tests.integration.present_workers import beat, show_worker


def pause(account_id: UUID, *, puts_back_running: bool = False) -> AccountsQueue:
    with transaction() as session:
        return pause_account(session, account_id=account_id, puts_back_running=puts_back_running)


def resume(account_id: UUID) -> AccountsQueue:
    with transaction() as session:
        return resume_account(session, account_id=account_id, max_running_jobs=None)


def is_put_back(attempt_id: UUID) -> bool:
    """What the next heartbeat of the attempt says."""
    with transaction() as session:
        return renew_lease(session, attempt_id=attempt_id, step=1, lease_seconds=30).is_paused


@pytest.mark.usefixtures("ways")
def test_nothing_of_a_paused_account_starts(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """Neither what waits, nor what is sent later; others' jobs go on. Resumed, all start in their order."""
    mine = [submit(account_id) for _ in range(3)]
    assert pause(account_id)[1:] == (False, 3, 0)
    mine.append(submit(account_id))
    others = [submit(other_account_id) for _ in range(2)]

    assert claim_all() == others
    assert claim_all() == []
    assert resume(account_id) == (None, False, 4, 0)
    assert claim_all() == mine


def test_what_runs_ends_or_is_put_back_as_asked(account_id: UUID, submit: Submit) -> None:
    """`finish`: heartbeats say nothing. `put_back`: they do, no attempt is used up, and it waits until it is resumed."""
    job_id = submit(account_id)
    attempt = claim_one()
    assert pause(account_id)[2:] == (0, 1)
    assert not is_put_back(attempt.id)
    pause(account_id, puts_back_running=True)
    assert is_put_back(attempt.id)

    in_transaction(record_interruption, attempt.id)
    assert claim() is None
    with transaction() as session:
        job = read_job(session, job_id)
        assert (job.status, job.attempts_used, job.attempts_opened) == ("queued", 0, 1)
    resume(account_id)
    again = claim_one()
    assert (again.job_id, again.attempt_number) == (job_id, 2)
    assert not is_put_back(again.id)
    assert succeed(again) == "succeeded"


def test_a_lost_job_of_a_paused_account_waits(account_id: UUID, submit: Submit) -> None:
    """The sweep takes it back, and no worker gets it."""
    submit(account_id)
    attempt = claim_one()
    pause(account_id)
    expire_lease(attempt)
    assert sweep() == 1
    assert claim() is None
    resume(account_id)
    assert claim_one().job_id == attempt.job_id


@pytest.mark.usefixtures("ways")
def test_a_job_that_is_put_back_shows_the_step_of_its_checkpoint(account_id: UUID, submit: Submit) -> None:
    """While it waits, in its next attempt from the claim on, and as the step where it stopped, if it is cancelled then."""
    job_id = submit(account_id, num_inference_steps=20)
    attempt = claim_one()
    # Its scheduler takes 39 steps for 20: 19 of them are 9 of those that were asked for.
    checkpoint = StoredCheckpoint("checkpoints/1", "0" * 64, step=19, steps=39)
    in_transaction(partial(record_interruption, checkpoint=checkpoint), attempt.id)

    with transaction() as session:
        assert build_job_view(session, read_job(session, job_id)).progress.step == 9
    again = claim_one()
    assert (again.resume_step, again.checkpoint) == (9, checkpoint)
    with transaction() as session:
        progress = build_job_view(session, read_job(session, job_id)).progress
    assert (progress.step, progress.steps, progress.fraction) == (9, 20, 0.45)

    in_transaction(record_cancellation, again.id)
    with transaction() as session:
        view = build_job_view(session, read_job(session, job_id))
    assert (view.status, view.stopped_at_step) == ("cancelled", 9)
    assert view.timings is not None
    assert view.timings.upload_ms is None


def test_pauses_and_moves_leave_a_job_to_its_fetch(post: Post, account_id: UUID) -> None:
    """A job whose pictures are still to be fetched does not become claimable by a pause, a move or their end."""
    answer = post({"prompt": "a mug", "image": "https://example.org/cat.png"}).get_json()
    job_id = parse_id("job", answer["id"])
    assert job_id is not None
    assert answer["queue"]["reason"] == "fetching_pictures"

    pause(account_id)
    pause_work(pool="default", model="picturebook")
    with transaction() as session:
        assert move_job(session, account_id=account_id, job_id=job_id, to="front").id == job_id
    resume_work(pool="default", model="picturebook", max_running_jobs=None)
    resume(account_id)
    with transaction() as session:
        bring_back_resumed(session)
        assert not has_claimable(session, pool="default")
    assert claim() is None


@pytest.mark.usefixtures("ways")
def test_a_paused_model_lets_others_pass(account_id: UUID, submit: Submit) -> None:
    """Jobs of the paused model are set aside, those that come in later as well; the pool's other models go on."""
    paused = [submit(account_id) for _ in range(2)]
    other = submit(account_id)
    with transaction() as session:
        read_job(session, other).model = "another"
    assert pause_work(pool="default", model="picturebook")
    assert not pause_work(pool="default", model="picturebook"), "it was paused before"
    paused.append(submit(account_id))

    assert claim_all() == [other]
    with transaction() as session:
        assert [read_job(session, job_id).priority >= PAUSED for job_id in paused] == [True] * 3
        assert count_claimable(session, at_most=10) == {"default": 0}
    assert beat(id=new_id()) == Paused(pool=False, models=frozenset({"picturebook"}))
    assert resume_work(pool="default", model="picturebook", max_running_jobs=None)
    assert claim_all() == paused


@pytest.mark.usefixtures("ways")
def test_a_paused_pool_starts_nothing(account_id: UUID, submit: Submit) -> None:
    """Claims find nothing, the sweep does not ring for it, its running jobs are put back, and workers learn of it."""
    running = submit(account_id)
    attempt = claim_one()
    waiting = submit(account_id)
    pause_work(pool="default", model=None)

    assert claim() is None
    assert is_put_back(attempt.id)
    in_transaction(record_interruption, attempt.id)
    assert claim() is None
    with transaction() as session:
        assert count_claimable(session, at_most=10) == {}
        assert not has_claimable(session, pool="default")
    assert beat(id=new_id()) == Paused(pool=True, models=frozenset())
    assert resume_work(pool="default", model=None, max_running_jobs=None)
    assert not resume_work(pool="default", model=None, max_running_jobs=None)
    assert claim_all() == [running, waiting]


def test_pauses_of_account_and_model_end_one_by_one(account_id: UUID, submit: Submit) -> None:
    """A job that both pause waits for the end of both."""
    job_id = submit(account_id)
    pause(account_id)
    pause_work(pool="default", model="picturebook")
    assert claim() is None
    resume(account_id)
    assert claim() is None
    resume_work(pool="default", model="picturebook", max_running_jobs=None)
    assert claim_one().job_id == job_id


def test_what_was_set_aside_while_a_pause_ended_comes_back(account_id: UUID, submit: Submit) -> None:
    """The sweep brings back what nothing pauses any more, and leaves what is paused."""
    job_id = submit(account_id)
    pause(account_id)
    with transaction() as session:
        assert bring_back_resumed(session) == 0
    resume(account_id)
    with transaction() as session:
        read_job(session, job_id).priority += PAUSED
    assert claim() is None
    with transaction() as session:
        assert bring_back_resumed(session) == 1
    assert claim_one().job_id == job_id


def test_a_pause_keeps_the_running_limit(account_id: UUID, submit: Submit) -> None:
    """An account that may run one job runs one after the pause, too."""
    with transaction() as session:
        set_limits(session, account_id=account_id, changes={"max_running_jobs": 1})
    jobs = [submit(account_id) for _ in range(3)]
    attempt = claim_one()
    assert claim() is None, "the others are held"
    pause(account_id)
    assert succeed(attempt) == "succeeded"
    assert claim() is None
    resume(account_id)
    assert claim_all() == [jobs[1]]


def test_a_paused_job_keeps_its_new_place(account_id: UUID, submit: Submit) -> None:
    """What is moved during a pause starts in the new order after it."""
    jobs = [submit(account_id) for _ in range(3)]
    pause(account_id)
    with transaction() as session:
        move_job(session, account_id=account_id, job_id=jobs[2], to="front")
    resume(account_id)
    assert claim_all() == [jobs[2], jobs[0], jobs[1]]


def test_the_api_pauses_resumes_and_moves(client: FlaskClient, post: Post, api_key: str, account_id: UUID) -> None:
    """The operations answer with the queue and with the job; wrong input is refused with its field."""
    headers = {"Authorization": f"Bearer {api_key}"}
    show_worker()
    first, second = (post({"prompt": "a red mug"}).get_json() for _ in range(2))

    paused = client.post("/v1/queue/pause", json={"running": "put_back"}, headers=headers)
    assert paused.status_code == 200
    assert paused.get_json() | {"paused_at": None} == {
        "paused": True,
        "paused_at": None,
        "puts_back_running": True,
        "queued": 2,
        "running": 0,
    }
    assert client.post("/v1/queue/pause", json={}, headers=headers).get_json()["puts_back_running"] is False
    read = client.get(f"/v1/jobs/{first['id']}", headers=headers).get_json()
    assert (read["queue"]["reason"], read["queue"]["eta_seconds"]) == ("paused", None)
    assert "/v1/queue/resume" in read["queue"]["message"]
    assert post({"prompt": "a red mug"}).get_json()["queue"]["reason"] == "paused"

    moved = client.post(f"/v1/jobs/{second['id']}/move", json={"to": "front"}, headers=headers)
    assert (moved.status_code, moved.get_json()["id"]) == (200, second["id"])
    assert client.post("/v1/queue/resume", headers=headers).get_json()["paused"] is False
    assert client.get("/v1/queue", headers=headers).get_json()["queued"] == 3
    assert format_id("job", claim_one().job_id) == second["id"]

    refused = client.post(f"/v1/jobs/{first['id']}/move", json={"to": "top"}, headers=headers)
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "to")
    refused = client.post("/v1/queue/pause", json={"running": "stop"}, headers=headers)
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "running")
    refused = client.post(f"/v1/jobs/{second['id']}/move", json={"to": "end"}, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "job_not_queued")
    for method, path in (("get", "/v1/queue"), ("post", "/v1/queue/pause"), ("post", "/v1/queue/resume")):
        assert getattr(client, method)(path).status_code == 401
        options: dict[str, Any] = {"json": {}} if path.endswith("pause") else {}
        assert getattr(client, method)(f"{path}?soon=1", headers=headers, **options).status_code == 422
    with transaction() as session:
        assert read_queue(session, account_id=account_id).running == 1
        build_job_view(session, read_job(session, claim_one().job_id))
