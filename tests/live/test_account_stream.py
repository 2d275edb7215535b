"""The events of all jobs of an account."""

from __future__ import annotations

import time
from uuid import UUID

import pytest
import redis

from core.live_events.channels import CANCELS_CHANNEL
from core.settings import get_settings
from tests.http.served import ServedApi
from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of
from tests.live.readers import PATIENCE_SECONDS, ask


def name_of(job_id: UUID) -> str:
    return path_of(job_id).rpartition("/")[2]


@pytest.mark.slow
def test_a_reader_gets_the_events_of_all_its_jobs(
    read: Read, account_id: UUID, other_account_id: UUID, submit: Submit
) -> None:
    """Of those that were there, and of those that come; of no other account."""
    old = submit(account_id)
    old_moves = Moves()
    time.sleep(3.1)
    reader = read("/v1/events")
    time.sleep(1)
    old_moves.step(5)
    new = submit(account_id)
    reader.wait_for("queued")
    new_moves = Moves()
    submit(other_account_id)
    Moves().succeed()
    new_moves.step(1)
    new_moves.succeed()
    old_moves.succeed()
    reader.wait_for("finished", count=2)

    of_old = [event.type for event in reader.events if event.data["job_id"] == name_of(old)]
    of_new = [
        event.type for event in reader.events if event.data["job_id"] == name_of(new) and event.type != "position"
    ]
    assert of_old == ["step", "finished"]
    assert of_new == ["queued", "started", "step", "finished"]
    assert {event.data["job_id"] for event in reader.events} == {name_of(old), name_of(new)}
    assert reader.ids == sorted(set(reader.ids))
    assert not reader.has_ended.is_set()


def test_a_reader_resumes_with_what_it_has_missed(read: Read, account_id: UUID, submit: Submit) -> None:
    """Jobs that came and ended while it was away are there; what comes twice can be recognised."""
    first = submit(account_id)
    reader = read("/v1/events")
    reader.wait_for("queued")
    reader.close()
    Moves().succeed()
    second = submit(account_id)

    again = read("/v1/events", last_event_id=reader.ids[-1])
    again.wait_for("finished")
    again.wait_for("queued", count=1)
    time.sleep(0.5)

    assert again.ids[0] > reader.ids[-1]
    known = {(event.data["job_id"], event.data["number"]) for event in reader.events}
    missed = [event for event in again.events if (event.data["job_id"], event.data["number"]) not in known]
    assert [event.type for event in missed if event.data["job_id"] == name_of(first)] == ["started", "finished"]
    assert "queued" in [event.type for event in missed if event.data["job_id"] == name_of(second)]


def test_a_cancel_of_many_reaches_readers_and_workers(
    api: ServedApi, read: Read, account_id: UUID, submit: Submit
) -> None:
    """Jobs that waited are there as cancelled, and the worker of one that runs hears that it is to stop."""
    running, *waiting = [submit(account_id) for _ in range(3)]
    assert Moves().attempt.job_id == running
    reader = read("/v1/events")
    reader.wait_for("started")

    with redis.from_url(get_settings().redis_url) as client, client.pubsub() as heard:
        heard.subscribe(CANCELS_CHANNEL)
        assert heard.get_message(timeout=PATIENCE_SECONDS)["type"] == "subscribe"
        status, done, _ = ask(api, "POST", "/v1/jobs/cancel", body={"all": True})
        assert heard.get_message(timeout=PATIENCE_SECONDS)["data"] == running.hex.encode()
    reader.wait_for("finished", count=2)

    assert (status, done["stopping"]) == (200, [name_of(running)])
    ended = {event.data["job_id"]: event.data["status"] for event in reader.events if event.type == "finished"}
    assert ended == dict.fromkeys(map(name_of, waiting), "cancelled")


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_deletion_is_no_event(api: ServedApi, read: Read, account_id: UUID, submit: Submit, many: bool) -> None:
    """Only what has ended can be deleted: `finished` stays a job's last event, and the stream goes on without it."""
    gone = submit(account_id)
    reader = read("/v1/events")
    Moves().succeed()
    reader.wait_for("finished")
    if many:
        status, _, _ = ask(api, "POST", "/v1/jobs/delete", body={"all": True})
    else:
        status, _, _ = ask(api, "DELETE", path_of(gone))
    assert status == 200
    submit(account_id)
    Moves().succeed()
    reader.wait_for("finished", count=2)

    of_gone = [event.type for event in reader.events if event.data["job_id"] == name_of(gone)]
    assert of_gone[-1] == "finished"
    assert of_gone.count("finished") == 1
    assert not reader.has_ended.is_set()
    assert ask(api, "GET", path_of(gone, "/events"))[0] == 410
