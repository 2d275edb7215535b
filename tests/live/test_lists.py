"""Events as JSON, for those who cannot stream."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import UUID

from tests.http.served import ServedApi
from tests.integration.conftest import Submit
from tests.live.conftest import Read
from tests.live.moves import Moves, path_of
from tests.live.readers import ask


def test_the_list_has_the_events_of_the_stream(api: ServedApi, read: Read, account_id: UUID, submit: Submit) -> None:
    """The same numbers, types and data, all at once or by pages."""
    job_id = submit(account_id)
    moves = Moves()
    reader = read(path_of(job_id, "/events"))
    moves.step(1)
    moves.step(2)
    moves.succeed()
    reader.wait_for_end()

    listed = ask(api, "GET", path_of(job_id, "/events?wait=0"))[1]
    behind = ask(api, "GET", path_of(job_id, f"/events?wait=0&after={reader.ids[1]}"))[1]

    assert [(event["id"], event["event"]) for event in listed["data"]] == list(
        zip(reader.ids, reader.types, strict=True)
    )
    assert [event["data"] for event in listed["data"]][:-1] == [event.data for event in reader.events][:-1]
    assert [event["id"] for event in behind["data"]] == reader.ids[2:]
    assert listed["next_after"] == behind["next_after"] == reader.ids[-1]
    assert listed["is_finished"] is True


def test_a_list_waits_for_the_next_event(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """Whoever has everything gets the next event as it happens, and once."""
    job_id = submit(account_id)
    after = ask(api, "GET", path_of(job_id, "/events?wait=0"))[1]["next_after"]
    answers: list[tuple[int, dict[str, Any], dict[str, str]]] = []
    waiting = threading.Thread(
        target=lambda: answers.append(ask(api, "GET", path_of(job_id, f"/events?wait=20&after={after}")))
    )
    waiting.start()
    time.sleep(0.5)
    assert answers == []

    moves = Moves()
    waiting.join(10)
    [(status, events, _)] = answers
    moves.step(1)
    later = ask(api, "GET", path_of(job_id, f"/events?wait=20&after={events['next_after']}"))[1]

    assert (status, [event["event"] for event in events["data"]], events["is_finished"]) == (200, ["started"], False)
    assert [event["event"] for event in later["data"]] == ["step"]


def test_a_list_that_waits_in_vain_is_empty(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """After its time the answer is where to ask next."""
    job_id = submit(account_id)
    after = ask(api, "GET", path_of(job_id, "/events?wait=0"))[1]["next_after"]
    started = time.monotonic()

    status, events, _ = ask(api, "GET", path_of(job_id, f"/events?wait=1&after={after}"))

    assert status == 200
    assert events == {"data": [], "next_after": after, "is_finished": False}
    assert 0.9 < time.monotonic() - started < 10


def test_a_list_waits_for_another_place_in_the_queue(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """It is answered when the job moves on, and not before."""
    submit(account_id)
    job_id = submit(account_id)
    after = ask(api, "GET", path_of(job_id, "/events?wait=0"))[1]["next_after"]
    answers: list[dict[str, Any]] = []
    waiting = threading.Thread(
        target=lambda: answers.append(ask(api, "GET", path_of(job_id, f"/events?wait=20&after={after}"))[1])
    )
    waiting.start()
    time.sleep(2.5)
    assert answers == []

    Moves()
    waiting.join(10)

    [event] = answers[0]["data"]
    assert (event["event"], event["data"]["position"]) == ("position", 0)
    assert event["id"] == answers[0]["next_after"] > after
