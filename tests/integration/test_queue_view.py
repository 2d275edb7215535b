"""What a job's `queue` block says: its place, its end, why it waits, and what would change that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from core.database import transaction
from core.jobs.attempts.lease import renew_lease
from core.jobs.outcomes.record_outcome import record_interruption
from core.jobs.queue import outlook
from core.jobs.queue.outlook import get_outlook_cache
from core.jobs.queue.pause_work import pause_work
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_views
from core.pools.presence import LIVE_SECONDS, count_live, list_workers, remove_dead, remove_presence
from core.pools.speed import Speed
from tests.integration.attempts import claim_one, fail, in_transaction, read_job, renew
from tests.integration.conftest import Post, Submit
from tests.integration.present_workers import beat, look_again, show_worker, silence

#: A job of cost 1 takes 2 s, also beside another one: so of a worker's time it takes 1 s.
SPEED = Speed(0.0, 2.0, slowdown=0.0, p90=1.5, company=2.0, width=2, count=20, load_seconds=30.0)


def queue_of(job_id: UUID) -> dict[str, Any]:
    """The block that a read of the job shows."""
    look_again()
    with transaction() as session:
        [view] = build_job_views(session, [read_job(session, job_id)])
    return view.queue.model_dump()


def cost(job_ids: list[UUID], cost: float) -> None:
    """Let each of the jobs cost so much."""
    with transaction() as session:
        session.execute(update(Job).where(Job.id.in_(job_ids)).values(cost=cost))


def test_without_a_worker_a_job_says_which_to_start(account_id: UUID, submit: Submit) -> None:
    """No worker serves the pool: the answer names it, and the setting that a worker for it needs."""
    job_id = submit(account_id)

    queue = queue_of(job_id)
    assert (queue["reason"], queue["position"], queue["eta_seconds"]) == ("no_capable_worker", 0, None)
    assert "'default'" in queue["message"]
    assert "RENDER_POOL=default" in queue["message"]

    show_worker(pool="elsewhere")
    assert queue_of(job_id)["reason"] == "no_capable_worker"
    show_worker()
    assert queue_of(job_id)["reason"] == "waiting_for_worker"


def test_a_worker_without_the_model_is_not_capable(account_id: UUID, submit: Submit) -> None:
    """The pool has a worker, but not for this model: the answer names the model and how to fetch it."""
    job_id = submit(account_id)
    show_worker(models=["another"], loaded=["another"])

    queue = queue_of(job_id)
    assert queue["reason"] == "no_capable_worker"
    assert "darkroom-models fetch picturebook" in queue["message"]


def test_a_worker_that_falls_silent_counts_no_more(account_id: UUID, submit: Submit) -> None:
    """After twelve seconds without a heartbeat, nobody counts on it; after a minute, the sweep forgets it."""
    job_id = submit(account_id)
    worker = show_worker()
    assert queue_of(job_id)["reason"] == "waiting_for_worker"

    silence(worker, seconds=LIVE_SECONDS + 1)
    assert queue_of(job_id)["reason"] == "no_capable_worker"
    with transaction() as session:
        assert count_live(session) == {}
        assert remove_dead(session) == []
        assert [seen.is_live for seen in list_workers(session)] == [False]
    beat(id=worker)
    assert queue_of(job_id)["reason"] == "waiting_for_worker", "it is back"
    silence(worker, seconds=61)
    with transaction() as session:
        assert remove_dead(session) == ["host:1"]
        assert list_workers(session) == []


def test_the_lease_of_a_killed_worker_does_not_count(account_id: UUID, submit: Submit) -> None:
    """A job runs by its row until its lease ends, but its worker is gone: nobody is there for the next. A worker of the release
    before, which shows no presence, counts by what it runs.
    """
    running, waiting = submit(account_id), submit(account_id)
    claim_one()
    assert queue_of(running)["reason"] is None
    assert queue_of(waiting)["reason"] == "waiting_for_worker"

    silence(show_worker(), seconds=LIVE_SECONDS + 1)
    assert queue_of(waiting)["reason"] == "no_capable_worker"


def test_a_worker_that_ends_is_gone_at_once(account_id: UUID, submit: Submit) -> None:
    """A draining worker takes no jobs; its end removes its row."""
    job_id = submit(account_id)
    worker = show_worker()
    beat(id=worker, is_draining=True)
    assert queue_of(job_id)["reason"] == "no_capable_worker"

    with transaction() as session:
        remove_presence(session.connection(), worker)
        assert list_workers(session) == []


def test_a_job_waits_for_its_model(account_id: UUID, submit: Submit) -> None:
    """No worker has the model yet, and one is loading it: both the queued and the claimed job say so."""
    job_id, other_id = submit(account_id), submit(account_id)
    show_worker(loaded=[], loading=["picturebook"], speeds={"picturebook": SPEED})
    claim_one()

    for id_ in (job_id, other_id):
        queue = queue_of(id_)
        assert queue["reason"] == "loading_model"
        assert "picturebook" in queue["message"]
        assert queue["eta_seconds"]["p50"] > SPEED.load_seconds


def test_a_job_that_is_tried_again_says_when(account_id: UUID, submit: Submit) -> None:
    """Between two attempts the reason is `retrying`, and the estimate counts the delay."""
    job_id = submit(account_id)
    show_worker(speeds={"picturebook": SPEED})
    fail(claim_one().id)
    with transaction() as session:
        session.execute(update(Job).values(available_at=Job.created_at + timedelta(seconds=500)))

    queue = queue_of(job_id)
    assert queue["reason"] == "retrying"
    assert 450 < queue["eta_seconds"]["p50"] < 510


def test_the_end_is_estimated_from_what_is_before(account_id: UUID, submit: Submit) -> None:
    """Two jobs run beside each other on each worker. With the slots free, a job takes its own time; behind others it waits
    for their part of the workers' time.
    """
    show_worker(speeds={"picturebook": SPEED})
    jobs = [submit(account_id) for _ in range(8)]
    cost(jobs, 1.0)

    first = queue_of(jobs[0])["eta_seconds"]
    assert first["p50"] == 2.1, "its own time, and a tenth of a second"
    assert first["p90"] == 0.1 + 2 * 1.5 * 1.5
    # Before the last: seven jobs of a second each. When it starts, one other slot holds a job that is half done.
    last = queue_of(jobs[7])
    assert last["position"] == 7
    assert last["eta_seconds"]["p50"] == 0.1 + (7 - 0.5) + 2

    show_worker(worker_id="host:2", speeds={"picturebook": SPEED})
    assert queue_of(jobs[7])["eta_seconds"]["p50"] == 0.1 + (7 - 1.5) / 2 + 2


def test_a_running_job_shows_what_is_left(account_id: UUID, submit: Submit) -> None:
    """The estimate falls with each step."""
    show_worker(speeds={"picturebook": SPEED})
    job_id = submit(account_id, num_inference_steps=10)
    cost([job_id], 1.0)
    attempt = claim_one()
    assert queue_of(job_id)["eta_seconds"]["p50"] == 2.0

    with transaction() as session:
        renew_lease(session, attempt_id=attempt.id, step=5, lease_seconds=30)
    queue = queue_of(job_id)
    assert queue == {"position": None, "eta_seconds": {"p50": 1.0, "p90": 2.25}, "reason": None, "message": None}


def test_without_measurements_there_is_no_estimate(account_id: UUID, submit: Submit) -> None:
    """A worker that has drawn nothing yet: the place is known, the time is not."""
    show_worker()
    submit(account_id)
    queue = queue_of(submit(account_id))
    assert (queue["position"], queue["eta_seconds"], queue["reason"]) == (1, None, "waiting_for_worker")
    assert queue["message"] == "1 job is before this one; 1 worker takes the jobs of the pool 'default' in fair order."


def test_the_answer_to_a_submit_is_what_a_read_shows(post: Post, client: FlaskClient, api_key: str) -> None:
    """Place, end, reason and message are in the 202 already."""
    show_worker(speeds={"picturebook": SPEED})
    answered = [post({"prompt": "a red mug"}).get_json() for _ in range(3)][-1]

    read = client.get(f"/v1/jobs/{answered['id']}", headers={"Authorization": f"Bearer {api_key}"}).get_json()
    for name in ("position", "reason", "message"):
        assert answered["queue"][name] == read["queue"][name]
    assert answered["queue"]["position"] == 2
    assert answered["queue"]["eta_seconds"]["p50"] > 0


def test_an_accepted_job_is_answered_without_an_outlook(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database goes away between the commit of a submit and the outlook for its answer: the answer shows the last one."""
    show_worker()
    assert post({"prompt": "a red mug"}).status_code == 202

    def go_away() -> NoReturn:
        raise OperationalError("select", {}, ConnectionError("the database is away"))

    monkeypatch.setattr(outlook, "_read_alone", go_away)
    look_again()
    assert post({"prompt": "a red mug"}).status_code == 202, "also without any outlook so far"
    monkeypatch.undo()
    assert post({"prompt": "a red mug"}).get_json()["queue"]["reason"] == "waiting_for_worker"

    monkeypatch.setattr(outlook, "_read_alone", go_away)
    monkeypatch.setattr(get_outlook_cache(), "_good_until", 0.0)
    answer = post({"prompt": "a red mug"})
    assert (answer.status_code, answer.get_json()["queue"]["position"]) == (202, 3)
    assert answer.get_json()["queue"]["reason"] == "waiting_for_worker"


def test_a_job_of_a_paused_pool_or_model_says_so(account_id: UUID, submit: Submit) -> None:
    """The message names what the operator has paused."""
    show_worker(speeds={"picturebook": SPEED})
    job_id = submit(account_id)
    pause_work(pool="default", model="picturebook")
    queue = queue_of(job_id)
    assert (queue["reason"], queue["eta_seconds"]) == ("paused", None)
    assert "the model 'picturebook'" in queue["message"]

    pause_work(pool="default", model=None)
    assert "the pool 'default'" in queue_of(job_id)["message"]


def test_a_renewal_does_not_pause_what_runs(account_id: UUID, submit: Submit) -> None:
    """A job that was interrupted is queued again, and waits for a worker."""
    show_worker()
    job_id = submit(account_id)
    attempt = claim_one()
    renew(attempt.id)
    in_transaction(record_interruption, attempt.id)
    assert queue_of(job_id)["reason"] == "waiting_for_worker"
