"""Follow events across cut connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx2

from darkroom.answers import parse_event_data, read_problem
from darkroom.errors import ConnectionFailed, Refused, Unavailable, UnexpectedAnswer
from darkroom.request import get
from darkroom.retries import TOO_MANY_STREAMS
from darkroom.stream_state import StreamState, can_only_poll, explain_cut
from darkroom.synchronous.transport import Transport

#: A comment comes every 10 s: after three times that the connection is dead.
_TIMEOUT = httpx2.Timeout(10.0, read=30.0)

MOST_POLL_SECONDS = 30.0

#: Between two looks, where as many requests wait as may.
_LOOK_SECONDS = 2.0


def follow(
    transport: Transport,
    path: str,
    *,
    after: int = 0,
    ends: bool = True,
    polling: bool = False,
    timeout: float | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbers and data of the events after `after`, each once and in order, until the one that is `finished`.

    A cut connection is made again, and resumes behind the last event. Where streams do not get through, or there are too many, it asks
    for the events again and again instead, as it does from the start with `polling`. `ends`: whether there is a last event; those of an
    account have none, and cannot be polled. Raises Refused, ConnectionFailed or UnexpectedAnswer, and TimeoutError after `timeout` seconds.
    """
    state = StreamState(after)
    # A stream says now and then that it is there, so that its reader cannot be sure to wake in time; a poll ends when it is asked to.
    polling = polling or timeout is not None
    while not polling:
        failure: Refused | ConnectionFailed = ConnectionFailed(f"{path}: the stream ends again and again")
        try:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(state.after)}
            with transport.http.stream("GET", path, headers=headers, timeout=_TIMEOUT) as response:
                if response.status_code == httpx2.codes.NO_CONTENT:
                    return
                _check(response)
                state.record_connection()
                for number, data in _read(response, state):
                    yield number, data
                    if ends and data.get("type") == "finished":
                        return
        except (httpx2.RequestError, Refused) as error:
            failure = explain_cut(path, error)
            polling = ends and can_only_poll(error)
        if not polling:
            time.sleep(state.record_cut(failure, transport.retries, time.monotonic()))
    for number, data in _poll_all(transport, path, state.after, timeout):
        yield number, data


def _check(response: httpx2.Response) -> None:
    if response.status_code != httpx2.codes.OK:
        response.read()
        raise Refused.of(read_problem(response))
    if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
        raise UnexpectedAnswer(f"{response.request.url} is no stream of events")


def _read(response: httpx2.Response, state: StreamState) -> Iterator[tuple[int, dict[str, Any]]]:
    for event in httpx2.EventSource(response):
        # Without data it is about the stream: how long to wait before the next connection.
        if event.data:
            state.after = int(event.id) if event.id.isdigit() else state.after
            yield state.after, parse_event_data(event.data)


def poll(
    transport: Transport, path: str, *, after: int = 0, wait: float = MOST_POLL_SECONDS
) -> tuple[list[dict[str, Any]], int, bool]:
    """The events after `after`, as soon as there is one or after `wait` seconds; the next `after`; and whether there will be no more."""
    try:
        page = transport.ask_json(get(path, after=after, wait=wait))
    except Unavailable as error:
        if error.code != TOO_MANY_STREAMS:
            raise
        time.sleep(min(wait, _LOOK_SECONDS))
        page = transport.ask_json(get(path, after=after, wait=0))
    return page["data"], page["next_after"], page["is_finished"]


def _poll_all(
    transport: Transport, path: str, after: int, timeout: float | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    began = time.monotonic()
    is_finished = False
    while not is_finished:
        left = MOST_POLL_SECONDS if timeout is None else timeout - (time.monotonic() - began)
        if left <= 0:
            raise TimeoutError
        events, after, is_finished = poll(transport, path, after=after, wait=min(left, MOST_POLL_SECONDS))
        for event in events:
            yield event["id"], event["data"]
