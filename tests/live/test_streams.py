"""Streams of a job's events."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.live_events.message import Progress
from core.live_events.numbers import number_of
from core.live_events.sender import get_event_sender
from tests.http.served import ServedApi
from tests.integration.attempts import make_available
from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of
from tests.live.readers import ask


def test_a_reader_gets_every_event_in_order(api: ServedApi, read: Read, account_id: UUID, submit: Submit) -> None:
    """From the queue to the end, each with a number that grows; the last one is the whole job, with an address of its image."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    reader.wait_for("position")
    moves = Moves()
    reader.wait_for("started")
    for number in (1, 2, 3):
        moves.step(number)
    moves.store()
    moves.succeed()
    reader.wait_for_end()

    assert reader.types == ["queued", "position", "started", "step", "step", "step", "output", "finished"]
    assert reader.ids == sorted(set(reader.ids))
    assert [event.data["step"] for event in reader.events if event.type == "step"] == [1, 2, 3]
    assert {event.data["job_id"] for event in reader.events} == {path_of(job_id).rpartition("/")[2]}
    assert all(event.data["type"] == event.type and event.data["number"] == event.id for event in reader.events)
    end = reader.events[-1].data
    _, job, _ = ask(api, "GET", path_of(job_id))
    volatile = {"outputs"}
    assert {k: v for k, v in job.items() if k not in volatile} == {k: end[k] for k in job if k not in volatile}
    assert end["outputs"][0]["url"].startswith("http")
    assert reader.events[-2].data["sha256"] == job["outputs"][0]["sha256"]
    assert job["urls"]["events"].endswith(path_of(job_id, "/events"))


def test_the_head_of_a_stream_keeps_proxies_from_holding_it(read: Read, account_id: UUID, submit: Submit) -> None:
    """No proxy collects it, no cache keeps it, and it has no length."""
    reader = read(path_of(submit(account_id), "/events"))

    headers = {name.lower(): value for name, value in reader.response.getheaders()}
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["x-accel-buffering"], headers["cache-control"]) == ("no", "no-store")
    assert "content-length" not in headers


def test_a_reader_resumes_behind_its_last_event(read: Read, account_id: UUID, submit: Submit) -> None:
    """Every id comes once, in order, whether the header or the parameter says where it was."""
    job_id = submit(account_id)
    moves = Moves()
    whole = read(path_of(job_id, "/events"))
    first = read(path_of(job_id, "/events"))
    moves.step(1)
    first.wait_for("step")
    first.close()
    seen = first.ids
    moves.step(2)
    second = read(path_of(job_id, f"/events?after={seen[0]}"), last_event_id=seen[-1])
    second.wait_for("step")
    second.close()
    seen += second.ids
    moves.step(3)
    moves.succeed()
    third = read(path_of(job_id, f"/events?after={seen[-1]}"))
    third.wait_for_end()
    whole.wait_for_end()

    assert seen + third.ids == whole.ids
    assert whole.types == ["queued", "started", "step", "step", "step", "finished"]


def test_after_the_end_a_reader_is_kept_from_connecting_again(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """Behind the last event there is nothing more: 204, which ends the tries of a browser."""
    job_id = submit(account_id)
    Moves().succeed()
    status, events, _ = ask(api, "GET", path_of(job_id, "/events?wait=0"))
    assert (status, events["is_finished"]) == (200, True)

    status, _, _ = ask(api, "GET", path_of(job_id, "/events"), headers={"Last-Event-ID": str(events["next_after"])})

    assert status == 204


def test_a_finished_job_still_shows_its_events(read: Read, account_id: UUID, submit: Submit) -> None:
    """Whoever comes late gets all of them, and the end of the stream."""
    job_id = submit(account_id)
    moves = Moves()
    moves.step(1)
    moves.succeed()

    reader = read(path_of(job_id, "/events"))
    reader.wait_for_end()

    assert reader.types == ["queued", "started", "step", "finished"]


def test_what_a_worker_reports_after_it_lost_the_job_is_not_shown(read: Read, account_id: UUID, submit: Submit) -> None:
    """A retry is told with its reason, and late reports of the first attempt do not mix with those of the second."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    first = Moves()
    first.step(1)
    reader.wait_for("step")
    first.fail()
    retry = reader.wait_for("retrying")
    make_available(job_id)
    second = Moves()
    reader.wait_for("started", count=2)
    first.step(2)
    late = Progress(number_of(second.attempt.started_at) + 5, "step", 1, {"step": 3, "steps": 12})
    get_event_sender().report(account_id, job_id, late)
    second.step(1)
    second.succeed()
    reader.wait_for_end()

    assert (retry.data["reason"], retry.data["failure"]["code"], retry.data["attempt"]) == ("failed", "internal", 1)
    steps = [(event.data["attempt"], event.data["step"]) for event in reader.events if event.type == "step"]
    assert steps == [(1, 1), (2, 1)]
    assert reader.ids == sorted(set(reader.ids))


def test_the_place_in_the_queue_is_shown_as_it_changes(read: Read, account_id: UUID, submit: Submit) -> None:
    """A job moves on when the one before it starts."""
    submit(account_id)
    second = submit(account_id)
    reader = read(path_of(second, "/events"))
    assert reader.wait_for("position").data["position"] == 1

    Moves()

    assert reader.wait_for("position", count=2).data["position"] == 0
    assert reader.ids == sorted(set(reader.ids))


def test_a_cancelled_job_ends_its_stream(api: ServedApi, read: Read, account_id: UUID, submit: Submit) -> None:
    """The end is the cancel."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    reader.wait_for("queued")

    ask(api, "POST", path_of(job_id, "/cancel"))
    reader.wait_for_end()

    assert reader.events[-1].data["status"] == "cancelled"


@pytest.mark.parametrize("last", ["yesterday", "-1", "1.5", str(2**53)])
def test_a_last_event_id_that_is_none_is_named(api: ServedApi, account_id: UUID, submit: Submit, last: str) -> None:
    """It is 422, and not taken for the beginning."""
    status, problem, _ = ask(api, "GET", path_of(submit(account_id), "/events"), headers={"Last-Event-ID": last})

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["Last-Event-ID"])


def test_another_accounts_job_has_no_events(api: ServedApi, other_account_id: UUID, submit: Submit) -> None:
    """It looks like a job that does not exist, for streams and for lists."""
    job_id = submit(other_account_id)

    for query in ("", "?wait=5"):
        status, problem, _ = ask(api, "GET", path_of(job_id, f"/events{query}"))
        assert (status, problem["code"]) == (404, "job_not_found")


def test_a_head_request_does_not_stream(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """It has the head of the stream, and ends."""
    status, body, headers = ask(api, "HEAD", path_of(submit(account_id), "/events"))

    assert (status, body) == (200, {})
    assert headers["content-type"].startswith("text/event-stream")
