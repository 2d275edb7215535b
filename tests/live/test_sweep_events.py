"""Streams and waits for the events of a sweep."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.request import Request, urlopen
from uuid import UUID

from tests.http.served import ServedApi
from tests.integration.sweeps import draw_all
from tests.live.conftest import Read
from tests.live.readers import ask, wait_for_gauge
from worker.sheets.end_sweeps import end_sweeps


def _send(api: ServedApi, **body: Any) -> dict[str, Any]:
    request = Request(
        f"http://127.0.0.1:{api.port}/v1/sweeps",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {api.api_key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=10) as answer:
        sweep: dict[str, Any] = json.load(answer)
    return sweep


def test_a_stream_ends_with_one_last_event(api: ServedApi, account_id: UUID, read: Read) -> None:
    """Each start and end comes once and in order; a second reader resumes behind an event; behind the last one there is nothing."""
    sweep = _send(api, prompts=["a", "b", "c"])
    path = f"/v1/sweeps/{sweep['id']}/events"
    reader = read(path)
    reader.wait_for("started")
    draw_all()
    reader.wait_for("job_finished", count=3)
    end_sweeps()
    reader.wait_for_end()

    assert reader.types == ["started", *["job_started", "job_finished"] * 3, "finished"]
    assert reader.ids == sorted(set(reader.ids))
    last = reader.events[-1].data
    assert (last["status"], last["counts"]["succeeded"]) == ("finished", 3)
    resumed = read(path, last_event_id=reader.ids[3])
    resumed.wait_for_end()
    assert resumed.ids == reader.ids[4:]
    assert read(path, last_event_id=reader.ids[-1]).status == 204


def test_a_wait_ends_with_the_next_event(api: ServedApi, account_id: UUID) -> None:
    """Not before, and without a thread of the server."""
    sweep = _send(api, prompts=["a"])
    path = f"/v1/sweeps/{sweep['id']}/events"
    answers: list[dict[str, Any]] = []

    def follow() -> None:
        after = 0
        while True:
            _, page, _ = ask(api, "GET", f"{path}?wait=20&after={after}")
            answers.append(page)
            after = page["next_after"]
            if page["is_finished"]:
                return

    thread = threading.Thread(target=follow)
    thread.start()
    wait_for_gauge(api, "darkroom_waits_open", 1)
    draw_all()
    end_sweeps()
    thread.join(20)
    events = [event["event"] for page in answers for event in page["data"]]
    assert events == ["started", "job_started", "job_finished", "finished"]
    assert all(page["data"] for page in answers)
