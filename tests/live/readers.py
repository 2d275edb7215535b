"""Readers of event streams, over sockets of their own."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from infra.local.ports import LOOPBACK
from tests.http.served import ServedApi

#: The longest that anybody waits for an event.
PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class Event:
    """One event, as a browser would dispatch it."""

    id: int
    type: str
    data: dict[str, Any]


class StreamReader:
    """Reads a stream in a thread of its own until it ends or is closed."""

    def __init__(
        self,
        api: ServedApi,
        path: str,
        *,
        key: str | None = None,
        last_event_id: int | None = None,
    ) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, api.port, timeout=PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {key or api.api_key}", "Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self._connection.request("GET", path, headers=headers)
        self._socket = self._connection.sock
        self.response = self._connection.getresponse()
        self.status = self.response.status
        self.events: list[Event] = []
        self.comments = 0
        self.has_ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def ids(self) -> list[int]:
        """Of the events, in the order in which they came."""
        return [event.id for event in self.events]

    @property
    def types(self) -> list[str]:
        """Of the events, in the order in which they came."""
        return [event.type for event in self.events]

    def wait_for(self, type_: str, *, count: int = 1) -> Event:
        """The event of this type, when the so-manieth has come; fails the test if none does."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self.types.count(type_) < count:
            assert time.monotonic() < until, f"no {type_} among {self.types}"
            time.sleep(0.005)
        return [event for event in self.events if event.type == type_][count - 1]

    def wait_for_end(self) -> None:
        """Wait until the stream has ended."""
        assert self.has_ended.wait(PATIENCE_SECONDS), self.types

    def close(self) -> None:
        """Go away."""
        with suppress(OSError):
            # Wakes the thread that reads.
            self._socket.shutdown(socket.SHUT_RDWR)
        self.has_ended.wait(PATIENCE_SECONDS)
        self.response.close()
        self._connection.close()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    fields[name] = value
                elif "data" in fields:
                    self.events.append(Event(int(fields["id"]), fields["event"], json.loads(fields["data"])))
                    fields = {}
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.has_ended.set()


def ask(
    api: ServedApi,
    method: str,
    path: str,
    *,
    body: dict[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """One request on a connection of its own: the status, the JSON and the headers of the answer."""
    connection = http.client.HTTPConnection(LOOPBACK, api.port, timeout=70)
    sent = {"Authorization": f"Bearer {api.api_key}", "Content-Type": "application/json", **(headers or {})}
    connection.request(method, path, json.dumps(body) if body is not None else None, sent)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else {}, {k.lower(): v for k, v in response.getheaders()}


def gauge(api: ServedApi, name: str) -> float:
    """A figure of the API's `/metrics`."""
    connection = http.client.HTTPConnection(LOOPBACK, api.port, timeout=PATIENCE_SECONDS)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def wait_for_gauge(api: ServedApi, name: str, value: float) -> None:
    """Wait until the figure is this one."""
    until = time.monotonic() + PATIENCE_SECONDS
    while gauge(api, name) != value:
        assert time.monotonic() < until, f"{name} is {gauge(api, name)} and not {value}"
        time.sleep(0.02)
