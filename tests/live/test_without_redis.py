"""Redis goes away, or loses everything, in mid-stream: rows show what matters, and steps are coarser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
import redis

from core.database import transaction
from core.jobs.attempts.lease import renew_lease
from core.live_events.sender import get_event_sender
from core.settings import get_settings
from infra.local import LocalStack
from tests.http.served import ServedApi
from tests.integration.attempts import succeed
from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of
from tests.live.readers import ask
from tests.live.test_waits import Waiting


@contextmanager
def redis_down(servers: LocalStack) -> Iterator[None]:
    """Killed, and started again, empty."""
    server = servers.part("redis")
    server.kill()
    try:
        yield
    finally:
        server.restart()


def beat(moves: Moves, step: int) -> None:
    """The heartbeat of an attempt, which writes its step."""
    with transaction() as session:
        renew_lease(session, attempt_id=moves.attempt.id, step=step, lease_seconds=30)


@pytest.mark.slow
def test_redis_goes_away_in_mid_stream(
    servers: LocalStack, api: ServedApi, read: Read, account_id: UUID, submit: Submit
) -> None:
    """F71: steps come from heartbeats, the end from its row, and a reader that connects in between has the same."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    moves = Moves()
    moves.step(1)
    reader.wait_for("step")
    with redis_down(servers):
        # What the worker reports now is lost.
        moves.report.reach_step(2)
        beat(moves, 3)
        assert reader.wait_for("step", count=2).data["step"] == 3
        second = read(path_of(job_id, "/events"))
        assert second.wait_for("step").data["step"] == 3
        resumed = read(path_of(job_id, "/events"), last_event_id=reader.ids[-1])
        waiting = Waiting(api, "GET", path_of(job_id, "?wait=60"))
        time.sleep(0.5)
        assert succeed(moves.attempt) == "succeeded"
        for each in (reader, second, resumed):
            each.wait_for_end()
        status, job, _ = waiting.answer()

    assert (status, job["status"]) == (200, "succeeded")
    assert reader.types[-1] == second.types[-1] == "finished"
    assert [type_ for type_ in reader.types if type_ != "position"] == ["queued", "started", "step", "step", "finished"]
    assert second.types == ["queued", "started", "step", "finished"]
    assert resumed.types == ["finished"]
    assert reader.ids == sorted(set(reader.ids))
    assert reader.ids[-1] == second.ids[-1] == resumed.ids[-1]


def test_redis_comes_back_and_streams_go_on(servers: LocalStack, read: Read, account_id: UUID, submit: Submit) -> None:
    """F71: a stream that was open before has what a worker reports afterwards."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    reader.wait_for("queued")
    with redis_down(servers):
        time.sleep(1)
    moves = Moves.after_outage()
    until = time.monotonic() + 15
    step = 0
    while "step" not in reader.types:
        assert time.monotonic() < until, reader.types
        step += 1
        moves.step(step)
        time.sleep(0.2)
    moves.succeed()
    reader.wait_for_end()

    assert reader.types[-1] == "finished"
    assert reader.ids == sorted(set(reader.ids))


def test_redis_loses_everything_in_mid_stream(api: ServedApi, read: Read, account_id: UUID, submit: Submit) -> None:
    """F71: the reader has seen what was lost; one that comes later has the state, and the step of the last heartbeat."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    moves = Moves()
    moves.step(1)
    moves.step(2)
    beat(moves, 2)
    reader.wait_for("step", count=2)
    with redis.Redis.from_url(get_settings().redis_url) as client:
        client.flushall()

    later = ask(api, "GET", path_of(job_id, "/events?wait=0"))[1]
    moves.step(3)
    reader.wait_for("step", count=3)
    moves.succeed()
    reader.wait_for_end()

    assert [(event["event"], event["data"].get("step")) for event in later["data"]] == [
        ("queued", None),
        ("started", None),
        ("step", 2),
    ]
    assert [event.data["step"] for event in reader.events if event.type == "step"] == [1, 2, 3]
    assert ask(api, "GET", path_of(job_id, "/events?wait=0"))[1]["data"][-1]["event"] == "finished"


@pytest.mark.parametrize("message", [b"", b"x", b"\xff" * 70, b"0" * 64 + b"{", b"0" * 64 + b"[1,2,3]"])
def test_garbage_in_redis_harms_nobody(read: Read, account_id: UUID, submit: Submit, message: bytes) -> None:
    """F71: whatever stands in the channel or in a job's stream, its readers have its events."""
    job_id = submit(account_id)
    reader = read(path_of(job_id, "/events"))
    moves = Moves()
    with redis.Redis.from_url(get_settings().redis_url) as client:
        client.publish("darkroom.jobs", message)
        client.publish("darkroom.jobs", f"{account_id.hex}{job_id.hex}".encode() + message)
        client.xadd(f"events:{job_id.hex}", {"e": message, "other": b"1"}, id="1-1")
    moves.step(1)
    reader.wait_for("step")
    late = read(path_of(job_id, "/events"))
    late.wait_for("step")
    moves.succeed()
    reader.wait_for_end()
    late.wait_for_end()

    assert reader.types[-1] == late.types[-1] == "finished"
    assert get_event_sender().flush(2)
