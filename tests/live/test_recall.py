"""A page hears of what is handed over to its account: on its stream, and while it waits."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from infra.local.ports import LOOPBACK
from tests.http.served import ServedApi
from tests.live.conftest import Read


def _call(api: ServedApi, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{api.port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {api.api_key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_a_stream_of_the_account_carries_it(
    api: ServedApi, read: Read, start_replica: Callable[..., ServedApi]
) -> None:
    """As an event of its own, also if another process has taken it; a page that was away gets the last one."""
    other = start_replica()
    reader = read("/v1/events")
    time.sleep(1)

    first = _call(other, "PUT", "/v1/recall", {"prompt": "a mug"})
    event = reader.wait_for("recall")
    assert event.data == first
    assert event.id >= first["number"]
    second = _call(api, "PUT", "/v1/recall", {"prompt": "a bowl"})
    assert reader.wait_for("recall", count=2).data == second
    reader.close()

    third = _call(api, "PUT", "/v1/recall", {"prompt": "a cup"})
    again = read("/v1/events", last_event_id=reader.ids[-1])
    again.wait_for("recall")
    time.sleep(0.5)
    assert again.events[-1].data == third


def test_a_page_waits_for_it(api: ServedApi) -> None:
    """The answer comes when something is handed over, and not before; without anything it is empty when the time is over."""
    before = _call(api, "PUT", "/v1/recall", {"prompt": "a mug"})
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(_call(api, "GET", f"/v1/recall?after={before['number']}&wait=20"))
    )
    waiting.start()
    time.sleep(1)
    assert answers == []

    after = _call(api, "PUT", "/v1/recall", {"prompt": "a bowl"})
    waiting.join(timeout=15)

    assert answers == [{"data": [after], "next_after": after["number"]}]
    nothing = _call(api, "GET", f"/v1/recall?after={after['number']}&wait=1")
    assert nothing == {"data": [], "next_after": after["number"]}
