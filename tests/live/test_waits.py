"""Requests that wait for the end of a job."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from core.ids import parse_id
from infra.local.ports import LOOPBACK
from tests.http.served import ServedApi
from tests.http.served import read as read_answer
from tests.integration.conftest import Submit
from tests.live.moves import Moves, path_of
from tests.live.readers import ask, gauge, wait_for_gauge
from tests.unit.pictures import data_uri, encode

WAITS = "darkroom_waits_open"

BODY = {"prompt": "a red mug"}


class Waiting:
    """A request in a thread of its own."""

    def __init__(self, api: ServedApi, method: str, path: str, **options: Any) -> None:
        self._answers: list[tuple[int, dict[str, Any], dict[str, str]]] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(ask(api, method, path, **options)))
        self._thread.start()

    @property
    def is_answered(self) -> bool:
        return bool(self._answers)

    def answer(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        """The answer; fails the test if none comes."""
        self._thread.join(20)
        [answer] = self._answers
        return answer


def test_a_read_waits_for_the_end(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """The answer is the job as it is then, and comes at once."""
    job_id = submit(account_id)
    waiting = Waiting(api, "GET", path_of(job_id, "?wait=30"))
    wait_for_gauge(api, WAITS, 1)
    moves = Moves()
    moves.step(1)
    assert not waiting.is_answered
    moves.succeed()
    ended = time.monotonic()
    status, job, headers = waiting.answer()

    assert (status, job["status"], headers["connection"]) == (200, "succeeded", "keep-alive")
    assert job["outputs"][0]["url"]
    assert time.monotonic() - ended < 2
    wait_for_gauge(api, WAITS, 0)


def test_a_read_waits_no_longer_than_asked(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """When the time is over the job is shown as it stands."""
    job_id = submit(account_id)
    started = time.monotonic()

    status, job, _ = ask(api, "GET", path_of(job_id, "?wait=1"))

    assert (status, job["status"]) == (200, "queued")
    assert 0.9 < time.monotonic() - started < 10


def test_a_job_that_has_ended_is_not_waited_for(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """The answer comes at once."""
    job_id = submit(account_id)
    Moves().succeed()
    started = time.monotonic()

    assert ask(api, "GET", path_of(job_id, "?wait=60"))[1]["status"] == "succeeded"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("wait", ["61", "-1", "soon", "1.5"])
def test_a_wait_that_is_none_is_named(api: ServedApi, account_id: UUID, submit: Submit, wait: str) -> None:
    """More than a minute, and what is no number, is 422."""
    status, problem, _ = ask(api, "GET", path_of(submit(account_id), f"?wait={wait}"))

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["wait"])


def test_a_submit_waits_as_preferred(api: ServedApi, account_id: UUID) -> None:
    """The finished job with 200, and what a submit's answer has beside it."""
    waiting = Waiting(api, "POST", "/v1/jobs", body=BODY, headers={"Prefer": "respond-async, wait=30"})
    wait_for_gauge(api, WAITS, 1)
    moves = Moves()
    moves.succeed()
    status, job, headers = waiting.answer()

    assert (status, job["status"]) == (200, "succeeded")
    assert headers["preference-applied"] == "wait=30"
    assert headers["location"] == job["urls"]["self"]
    assert parse_id("job", job["id"]) == moves.attempt.job_id


def test_a_submit_with_a_long_body_waits_too(api: ServedApi, account_id: UUID) -> None:
    """The body is read once, and not kept in memory while its sender waits."""
    picture = Image.frombytes("RGB", (256, 256), random.Random(1).randbytes(256 * 256 * 3))
    body = {**BODY, "image": data_uri(encode(picture))}
    assert len(body["image"]) > 128 * 1024
    waiting = Waiting(api, "POST", "/v1/jobs", body=body, headers={"Prefer": "wait=30"})
    wait_for_gauge(api, WAITS, 1)
    # Two more of them fit beside it, which they would not if it were kept.
    for _ in range(2):
        assert ask(api, "POST", "/v1/jobs", body=body)[0] == 202
    Moves().succeed()
    status, job, headers = waiting.answer()

    assert (status, job["status"], job["task"]) == (200, "succeeded", "image-to-image")
    assert headers["preference-applied"] == "wait=30"


def test_a_submit_that_waits_in_vain_answers_the_queued_job(api: ServedApi, account_id: UUID) -> None:
    """202, as without the preference, and the header that it was followed. There is one job."""
    status, job, headers = ask(api, "POST", "/v1/jobs", body=BODY, headers={"Prefer": "wait=1"})

    assert (status, job["status"], headers["preference-applied"]) == (202, "queued", "wait=1")
    assert len(ask(api, "GET", "/v1/jobs")[1]["data"]) == 1


def test_a_repeated_submit_waits_too(api: ServedApi, account_id: UUID) -> None:
    """A client that lost its connection sends again and gets the job that it has made already, finished."""
    key = {"Idempotency-Key": "once", "Prefer": "wait"}
    first = Waiting(api, "POST", "/v1/jobs", body=BODY, headers=key)
    wait_for_gauge(api, WAITS, 1)
    again = Waiting(api, "POST", "/v1/jobs", body=BODY, headers=key)
    wait_for_gauge(api, WAITS, 2)
    Moves().succeed()
    late = ask(api, "POST", "/v1/jobs", body=BODY, headers=key)

    answers = [first.answer(), again.answer(), late]
    assert [status for status, _, _ in answers] == [200, 200, 200]
    assert len({job["id"] for _, job, _ in answers}) == 1
    assert [headers.get("idempotent-replayed") for _, _, headers in answers] == [None, "true", "true"]
    assert {headers["preference-applied"] for _, _, headers in answers} == {"wait=60"}


@pytest.mark.parametrize("prefer", ["respond-async", "wait=soon", "waiting=5", "wait=0", ""])
def test_other_preferences_are_ignored(api: ServedApi, account_id: UUID, prefer: str) -> None:
    """What is not understood changes nothing (RFC 7240, section 2)."""
    status, _, headers = ask(api, "POST", "/v1/jobs", body=BODY, headers={"Prefer": prefer})

    assert (status, "preference-applied" in headers) == (202, False)


def test_a_connection_is_used_again_after_a_wait(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """Also by a client that does not wait with its next request."""
    job_id = submit(account_id)
    connection = http.client.HTTPConnection(LOOPBACK, api.port, timeout=20)
    headers = {"Authorization": f"Bearer {api.api_key}"}
    for _ in range(2):
        connection.request("GET", path_of(job_id, "?wait=1"), headers=headers)
        assert json.loads(connection.getresponse().read())["status"] == "queued"
    connection.close()

    get = f"GET {path_of(job_id)}%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.api_key}\r\n\r\n"
    exchange = api.send(((get % "?wait=1") + (get % "")).encode())
    assert exchange.statuses == [200, 200]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_closes_after_one_answer_gets_it(
    api: ServedApi, account_id: UUID, submit: Submit, version: str
) -> None:
    """As nginx asks, unless it is configured otherwise."""
    path = path_of(submit(account_id), "?wait=1")
    request = (
        f"GET {path} HTTP/{version}\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {api.api_key}\r\n\r\n"
    )
    with api.connect() as connection:
        connection.sendall(request.encode())
        exchange = read_answer(connection)

    assert (exchange.statuses, exchange.is_closed) == ([200], True)
    assert b'"queued"' in exchange.received


def test_a_client_that_goes_away_is_waited_for_no_longer(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """Its wait is over at once."""
    path = path_of(submit(account_id), "?wait=60")
    with api.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.api_key}\r\n\r\n".encode())
        wait_for_gauge(api, WAITS, 1)
    wait_for_gauge(api, WAITS, 0)


def test_waits_take_no_threads(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """Ten times as many as the process has threads: other requests are answered, and so is each of them."""
    job_id = submit(account_id)
    waiting = [Waiting(api, "GET", path_of(job_id, "?wait=60")) for _ in range(40)]
    wait_for_gauge(api, WAITS, 40)
    assert ask(api, "GET", path_of(job_id))[1]["status"] == "queued"
    Moves().succeed()

    assert {each.answer()[1]["status"] for each in waiting} == {"succeeded"}
    assert gauge(api, "darkroom_http_requests_total") > 40


def test_a_deleted_job_ends_a_wait(api: ServedApi, account_id: UUID, submit: Submit) -> None:
    """A job whose rows go while somebody waits is answered as any deleted one."""
    job_id = submit(account_id)
    Moves().succeed()
    assert ask(api, "DELETE", path_of(job_id))[0] == 200

    assert ask(api, "GET", path_of(job_id, "?wait=5"))[0] == 410
    assert ask(api, "GET", path_of(job_id, "/events"))[0] == 410
