"""Many streams, slow readers, and readers that go away."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.settings import get_settings
from infra.local import LocalStack
from tests.http.served import ServedApi, serving
from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of
from tests.live.readers import PATIENCE_SECONDS, StreamReader, ask, gauge, wait_for_gauge

STREAMS = "darkroom_streams_open"


def test_streams_take_no_threads(api: ServedApi, read: Read, account_id: UUID, submit: Submit) -> None:
    """Twenty times as many as the process has threads: all get the event, and other requests are answered."""
    job_id = submit(account_id)
    readers = [read(path_of(job_id, "/events")) for _ in range(80)]
    wait_for_gauge(api, STREAMS, 80)
    assert ask(api, "GET", path_of(job_id))[1]["status"] == "queued"
    moves = Moves()
    moves.step(1)
    moves.succeed()

    for reader in readers:
        reader.wait_for_end()
    assert {tuple(type_ for type_ in reader.types if type_ != "position") for reader in readers} == {
        ("queued", "started", "step", "finished")
    }
    wait_for_gauge(api, STREAMS, 0)


def test_beyond_the_cap_polling_goes_on(
    start_replica: Callable[..., ServedApi], account_id: UUID, other_account_id: UUID, submit: Submit
) -> None:
    """F72: 503 with when to try again; the job can be read. No account takes the slots of the others."""
    job_id = submit(account_id)
    small = start_replica(API_MAX_STREAMS="2", API_MAX_WAITS="2")
    first = StreamReader(small, path_of(job_id, "/events"))
    wait_for_gauge(small, STREAMS, 1)

    status, problem, headers = ask(small, "GET", path_of(job_id, "/events"))
    assert (status, problem["code"], headers["retry-after"]) == (503, "too_many_streams", "5")
    assert ask(small, "GET", "/v1/events")[0] == 503
    assert ask(small, "GET", path_of(job_id))[0] == 200
    assert ask(small, "GET", path_of(job_id, "/events?wait=0"))[0] == 200

    theirs = submit(other_account_id)
    other = StreamReader(small, path_of(theirs, "/events"), key=_issue_key(other_account_id))
    assert other.status == 200
    other.close()
    first.close()
    wait_for_gauge(small, STREAMS, 0)
    again = StreamReader(small, path_of(job_id, "/events"))
    assert again.status == 200
    again.close()


def test_a_submit_beyond_the_cap_of_waits_is_answered_at_once(
    start_replica: Callable[..., ServedApi], account_id: UUID, submit: Submit
) -> None:
    """It is accepted all the same, without having waited; a read that wants to wait is refused."""
    job_id = submit(account_id)
    small = start_replica(API_MAX_WAITS="1")
    with small.connect() as connection:
        request = (
            f"GET {path_of(job_id, '?wait=60')} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {small.api_key}\r\n\r\n"
        )
        connection.sendall(request.encode())
        wait_for_gauge(small, "darkroom_waits_open", 1)
        started = time.monotonic()
        status, _, headers = ask(small, "POST", "/v1/jobs", body={"prompt": "a mug"}, headers={"Prefer": "wait=60"})
        refused, problem, _ = ask(small, "GET", path_of(job_id, "?wait=60"))

    assert (status, "preference-applied" in headers) == (202, False)
    assert (refused, problem["code"]) == (503, "too_many_streams")
    assert time.monotonic() - started < 20


def test_a_reader_that_goes_away_is_forgotten(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """F72: at once, and without an error."""
    reader = StreamReader(api, path_of(submit(account_id), "/events"))
    wait_for_gauge(api, STREAMS, 1)

    reader.close()

    wait_for_gauge(api, STREAMS, 0)


def test_a_slow_reader_is_dropped_and_resumes(api: ServedApi, read: Read, account_id: UUID, submit: Submit) -> None:
    """F72: it is given up when too much waits for it; others have every event in time, and it resumes where it was."""
    # Its queued events alone fill what is kept for a reader.
    jobs = [submit(account_id, metadata={"note": "x" * 400}) for _ in range(3)]
    moves = [Moves() for _ in jobs]
    before = gauge(api, 'darkroom_streams_dropped_total{reason="slow"}')
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.settimeout(PATIENCE_SECONDS)
    slow.connect(("127.0.0.1", api.port))
    slow.sendall(f"GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.api_key}\r\n\r\n".encode())
    wait_for_gauge(api, STREAMS, 1)
    good = read(path_of(jobs[0], "/events"))
    steps = 0
    until = time.monotonic() + 60
    while gauge(api, 'darkroom_streams_dropped_total{reason="slow"}') == before:
        assert time.monotonic() < until
        for _ in range(100):
            steps += 1
            for each in moves:
                each.report._next_step_at = 0.0
                each.report.reach_step(steps)
        moves[0].announce()
    slow.close()
    moves[0].step(steps + 1)
    assert good.wait_for("step", count=1).data["attempt"] == 1
    until = time.monotonic() + PATIENCE_SECONDS
    while good.events[-1].data.get("step") != steps + 1:
        assert time.monotonic() < until
        time.sleep(0.01)
    again = read("/v1/events", last_event_id=good.ids[-2])
    assert again.wait_for("step").data["job_id"]


def _issue_key(account_id: UUID) -> str:
    with transaction() as session:
        return issue_api_key(session, account_id=account_id, pepper=get_settings().api_key_pepper.get_secret_value())


@pytest.mark.slow
def test_few_open_files_are_shared(
    servers: LocalStack, account_id: UUID, api_key: str, tmp_path: Path, submit: Submit
) -> None:
    """F72: where the system permits few, streams are refused before requests are, and the process lives."""
    job_id = submit(account_id)
    with serving(api_key, tmp_path, open_files=400, API_THREADS="4") as small, ExitStack() as closing:
        refused = 0
        for _ in range(120):
            reader = StreamReader(small, path_of(job_id, "/events"))
            if reader.status == 200:
                closing.callback(reader.close)
            else:
                assert reader.status == 503
                refused += 1
                reader.close()
        # Half of them may be one account's.
        assert 0 < 120 - refused < 60
        assert ask(small, "GET", path_of(job_id))[0] == 200
        assert small.errors(since=0) == []
