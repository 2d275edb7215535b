"""The API ends in mid-stream, by a signal or by a kill, and another process takes over."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest

from tests.http.served import ServedApi
from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of
from tests.live.readers import StreamReader, wait_for_gauge
from tests.live.test_waits import Waiting


@pytest.mark.parametrize("readers", [1, 20])
def test_the_api_is_killed_in_mid_stream(
    read: Read,
    start_replica: Callable[..., ServedApi],
    account_id: UUID,
    submit: Submit,
    readers: int,
) -> None:
    """F70: each reader that connects to another process has every id once, in order, and the end."""
    job_id = submit(account_id)
    whole = read(path_of(job_id, "/events"))
    doomed = start_replica()
    before = [StreamReader(doomed, path_of(job_id, "/events")) for _ in range(readers)]
    whole.wait_for("position")
    moves = Moves()
    moves.step(1)
    moves.step(2)
    for reader in before:
        reader.wait_for("step", count=2)

    doomed.part.kill()
    for reader in before:
        reader.wait_for_end()
    # Nobody reads.
    moves.step(3)
    after = [read(path_of(job_id, "/events"), last_event_id=reader.ids[-1]) for reader in before]
    moves.step(4)
    moves.succeed()
    whole.wait_for_end()
    for reader in after:
        reader.wait_for_end()

    for first, second in zip(before, after, strict=True):
        ids = first.ids + second.ids
        assert ids == sorted(set(ids))
        # Places are of the moment, and each reader's own.
        kept = [event for event in first.events + second.events if event.type != "position"]
        assert [(event.id, event.type) for event in kept] == [
            (event.id, event.type) for event in whole.events if event.type != "position"
        ]
        assert [event.type for event in kept][-1] == "finished"


def test_a_process_that_stops_ends_its_streams_and_answers_those_that_wait(
    start_replica: Callable[..., ServedApi], account_id: UUID, submit: Submit
) -> None:
    """F73: readers connect again; a wait is answered with the job as it stands, long before its time is over."""
    job_id = submit(account_id)
    stopping = start_replica()
    reader = StreamReader(stopping, path_of(job_id, "/events"))
    reader.wait_for("queued")
    waiting = Waiting(stopping, "GET", path_of(job_id, "?wait=60"))
    submitted = Waiting(stopping, "POST", "/v1/jobs", body={"prompt": "a mug"}, headers={"Prefer": "wait=60"})
    wait_for_gauge(stopping, "darkroom_waits_open", 2)
    started = time.monotonic()

    stopping.part.ask_to_stop()

    status, job, _ = waiting.answer()
    assert (status, job["status"]) == (200, "queued")
    status, job, headers = submitted.answer()
    assert (status, job["status"], headers["preference-applied"]) == (202, "queued", "wait=60")
    reader.wait_for_end()
    stopping.part.wait_until_stopped(15)
    assert stopping.part.returncode == 0
    assert time.monotonic() - started < 10
    assert stopping.errors(since=0) == []
