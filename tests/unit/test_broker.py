"""What a worker takes for a ring, and how often it looks for Redis."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from celery import Celery

from worker.broker import Broker, Transport, broker_settings, check_message


def build_message(**changes: Any) -> dict[str, Any]:
    """A message as kombu's Redis transport has it."""
    body = base64.b64encode(json.dumps([[], {"rung_for": "job_1"}, {}]).encode()).decode()
    properties = {"delivery_tag": "a tag", "body_encoding": "base64"}
    return {
        "body": body,
        "content-type": "application/json",
        "headers": {"id": "1", "task": "render_next"},
        "properties": properties,
    } | changes


def test_our_own_rings_are_taken() -> None:
    """What Celery sends passes."""
    check_message(build_message())
    check_message(build_message(body="[[], {}, null]", properties={"delivery_tag": "a tag"}))


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "text",
        {},
        build_message(properties=None),
        build_message(properties={}),
        build_message(headers={}),
        build_message(headers={"id": "1", "task": ["render_next"]}),
        build_message(**{"content-type": "application/x-python-serialize"}),
        build_message(body=None),
        build_message(body="no base64!"),
        build_message(body=base64.b64encode(b"\x80\x04").decode()),
        build_message(body=base64.b64encode(b'"text"').decode()),
        build_message(body=base64.b64encode(b"[{}, [], {}]").decode()),
    ],
)
def test_anything_else_is_refused(message: Any) -> None:
    """Whatever it is: no error comes out of it but the one that says so."""
    with pytest.raises(ValueError):  # noqa: PT011  (json's and base64's own are among them)
        Transport._deliver(object.__new__(Transport), message, "render.default")


def test_redis_is_looked_for_every_second() -> None:
    """However long it has been away: the pace does not slow down."""
    app = Celery("test", amqp=Broker, set_as_current=False)
    app.conf.update(broker_settings("redis://127.0.0.1:1/0", socket_timeout=5))
    intervals: list[float] = []
    started = time.monotonic()

    with app.connection_for_read() as connection, pytest.raises(Exception, match="refused"):
        connection.ensure_connection(lambda _error, interval: intervals.append(interval), 2)

    assert intervals == [1.0, 1.0]
    assert time.monotonic() - started < 5
    assert type(connection.transport) is Transport
