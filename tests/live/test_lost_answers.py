"""Calls whose clients have gone away before their answers, and say nothing of it when they come back. The calls are Hugging Face's."""

from __future__ import annotations

import json
import socket
from uuid import UUID

import pytest
from sqlalchemy import select

from core.database import transaction
from core.ids import format_id
from core.jobs.tables import Job
from tests.http.served import ServedApi
from tests.live.readers import wait_for_gauge
from tests.live.test_kept_alive import WAITS, cancel


def call(api: ServedApi, prompt: str = "a red mug") -> socket.socket:
    """Send a call on a connection of its own."""
    body = json.dumps({"inputs": prompt}).encode()
    head = [
        "POST /huggingface/models/picturebook HTTP/1.1",
        "Host: api.example",
        f"Authorization: Bearer {api.api_key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    connection = api.connect()
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return connection


def list_jobs() -> list[UUID]:
    """The jobs, in their order."""
    with transaction() as session:
        return list(session.scalars(select(Job.id).order_by(Job.id)))


@pytest.mark.slow
def test_a_client_that_comes_back_at_once_has_the_same_job(api: ServedApi, account_id: UUID) -> None:
    """However soon: whether the earlier call's client is gone is looked up when the later one comes."""
    for number in range(5):
        first = call(api, f"mug {number}")
        wait_for_gauge(api, WAITS, 1)
        first.close()
        with call(api, f"mug {number}") as again:
            cancel(account_id, list_jobs()[number])
            answer = again.recv(65_536)
            assert f"X-Job-Id: {format_id('job', list_jobs()[number])}".encode() in answer, answer
        wait_for_gauge(api, WAITS, 0)
    assert len(list_jobs()) == 5


def test_equal_calls_side_by_side_are_jobs_of_their_own(api: ServedApi) -> None:
    """Also beside one that is gone, whose job only one of them takes up."""
    with call(api), call(api):
        wait_for_gauge(api, WAITS, 2)
        assert len(list_jobs()) == 2
        third = call(api)
        wait_for_gauge(api, WAITS, 3)
        third.close()
        wait_for_gauge(api, WAITS, 2)
        with call(api), call(api):
            wait_for_gauge(api, WAITS, 4)
            assert len(list_jobs()) == 4
