"""The events of all jobs of an account."""

from __future__ import annotations

import time
from uuid import UUID

from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of


def name_of(job_id: UUID) -> str:
    return path_of(job_id).rpartition("/")[2]


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
