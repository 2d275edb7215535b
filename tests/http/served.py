"""The API in processes of its own, and what it answers to bytes."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from infra.local import application
from infra.local.part import Part
from infra.local.ports import LOOPBACK, Ports, is_listening
from tests.warm.start_warm import start_warm

#: The longest that anybody waits for an answer, or for a connection to be closed: less than the API keeps an idle one.
_PATIENCE_SECONDS = 15

#: After an answer that leaves the connection open.
_SILENCE_SECONDS = 0.5


@dataclass(frozen=True)
class Exchange:
    """What came back on one connection."""

    received: bytes
    #: The API closed the connection.
    is_closed: bool

    @property
    def statuses(self) -> list[int]:
        """Of each answer."""
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", self.received)]

    @property
    def head(self) -> str:
        """Of the first answer."""
        return self.received.partition(b"\r\n\r\n")[0].decode("latin-1")

    def header(self, name: str) -> str | None:
        """A header of the first answer."""
        found = re.search(rf"^{name}: (.*?)\r?$", self.head, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else None


@dataclass(frozen=True)
class ServedApi:
    """An API that listens on loopback, and the file that it logs to."""

    port: int
    unix_socket: Path
    log: Path
    api_key: str
    part: Part

    def connect(self) -> socket.socket:
        """A connection."""
        return socket.create_connection((LOOPBACK, self.port), timeout=_PATIENCE_SECONDS)

    def send(self, data: bytes, *, then_close: bool = False) -> Exchange:
        """Send the bytes on a connection of their own, and read until it is closed; `then_close`: send no more after them.

        Reading ends as well when a second answer has come, or nothing for a while after one that leaves the connection open.
        """
        with self.connect() as connection:
            connection.sendall(data)
            if then_close:
                connection.shutdown(socket.SHUT_WR)
            return read(connection)

    def post(self, body: bytes, *headers: str, path: str = "/v1/jobs", **options: bool) -> Exchange:
        """POST as the account. `headers` are whole lines; each has to say how long the body is."""
        head = [
            f"POST {path} HTTP/1.1",
            "Host: api.example",
            f"Authorization: Bearer {self.api_key}",
            "Content-Type: application/json",
            *headers,
        ]
        return self.send("\r\n".join([*head, "", ""]).encode("latin-1") + body, **options)

    def errors(self, since: int) -> list[str]:
        """Lines of the log, behind its first `since` characters, that no request of a stranger may cause."""
        lines = self.log.read_text()[since:].splitlines()
        return [line for line in lines if "Traceback" in line or '"level": "error"' in line or "exception" in line]


def read(connection: socket.socket) -> Exchange:
    """What comes until the connection is closed, two answers have come, or nothing for a while after one that leaves it open."""
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
            if len(Exchange(received, is_closed=False).statuses) > 1:
                return Exchange(received, is_closed=False)
            is_last = Exchange(received, is_closed=False).header("Connection") == "close"
            connection.settimeout(_PATIENCE_SECONDS if is_last else _SILENCE_SECONDS)
    except TimeoutError:
        return Exchange(received, is_closed=False)
    except ConnectionResetError:
        pass
    return Exchange(received, is_closed=True)


@contextmanager
def serving(api_key: str, folder: Path, *, open_files: int | None = None, **settings: str) -> Iterator[ServedApi]:
    """The API on the servers that the environment names, with settings of its own, and perhaps so many file descriptors."""
    log, unix_socket = folder / "api.log", folder / "api.sock"
    limited = () if open_files is None else ("sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh")
    ports = Ports()
    port = ports.reserve()
    command = application.api(port, settings)
    options = ("--bind", f"unix:{unix_socket}")
    part = Part(
        "api",
        lambda: replace(command, arguments=[*limited, *command.arguments, *options]),
        is_ready=partial(is_listening, port),
        log_path=log,
        start_process=start_warm,
    )
    try:
        part.start()
        part.wait_until_ready()
        yield ServedApi(port, unix_socket, log, api_key, part)
    finally:
        part.stop()
        ports.release()
