"""The API as it is deployed, under large bodies: CPU time of a request with a picture, and memory after a storm."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.bodies.memory import ProcessMemory
from bench.process_tree import ProcessTree
from infra.local.ports import LOOPBACK, Ports, is_listening

_SECONDS_TO_START = 60

#: After a storm, so that threads have ended their requests.
_SECONDS_TO_SETTLE = 3

#: Of one storm: bodies with a picture, and bodies that are refused.
_LARGE, _LARGE_BYTES = 8, 8_700_000
_REFUSED = 64

_STORMS = 5


@dataclass(frozen=True)
class Memory:
    """Resident memory of the process that answers, in MB."""

    before: float
    highest: float
    after: float


class ServedApi:
    """An API in processes of its own, and a customer of it."""

    def __init__(self, tree: ProcessTree, port: int, api_key: str) -> None:
        self._tree = tree
        self.port = port
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}

    def send(self, body: bytes) -> int:
        """POST /v1/jobs; returns the status."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=120)) as connection:
            connection.request("POST", "/v1/jobs", body, self._headers)
            return connection.getresponse().status

    def get(self, path: str) -> int:
        """GET on a new connection; returns the status."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status

    def connect(self, seconds: float) -> socket.socket:
        """A new connection, whose every operation takes at most so long."""
        return socket.create_connection((LOOPBACK, self.port), timeout=seconds)

    def count_connections(self) -> int:
        """How many connections of clients the process that answers has."""
        [api] = psutil.Process(self._tree.process.pid).children()
        return sum(each.laddr.port == self.port and bool(each.raddr) for each in api.net_connections("tcp"))

    def measure_picture(self, picture_bytes: int, *, tries: int) -> float:
        """The least CPU seconds of a request whose picture is so long and turns out to be none at its first byte."""
        uri = "data:image/png;base64," + base64.b64encode(bytes(picture_bytes)).decode()
        body = f'{{"prompt": "a mug 🍵", "image": "{uri}"}}'.encode()
        seconds = []
        for _ in range(tries):
            before = self._tree.cpu_seconds()
            self.send(body)
            seconds.append(self._tree.cpu_seconds() - before)
        return min(seconds)

    def measure_storms(self, refused: Sequence[bytes]) -> Memory:
        """Memory around storms of large and of refused bodies, all of a storm at once."""
        uri = "data:image/png;base64," + base64.b64encode(bytes(_LARGE_BYTES * 3 // 4)).decode()
        large = f'{{"prompt": "a mug", "image": "{uri}"}}'.encode()
        self.send(b"{}")
        before = highest = self._resident()
        with ThreadPoolExecutor(_LARGE + _REFUSED) as clients:
            for storm in range(_STORMS):
                bodies = [large] * _LARGE + [refused[(storm + number) % len(refused)] for number in range(_REFUSED)]
                waiting = [clients.submit(self.send, body) for body in bodies]
                while not all(answer.done() for answer in waiting):
                    highest = max(highest, self._resident())
                    time.sleep(0.05)
                for answer in waiting:
                    answer.result()
        time.sleep(_SECONDS_TO_SETTLE)
        return Memory(before, highest, self._resident())

    @property
    def memory(self) -> ProcessMemory:
        """Of the process that answers, which gunicorn's first one has forked; the decoders of pictures are its own children."""
        [api] = psutil.Process(self._tree.process.pid).children()
        return ProcessMemory(api.pid)

    def _resident(self) -> float:
        return self.memory.read_resident() / 1e6


@contextmanager
def serving(api_key: str) -> Iterator[ServedApi]:
    """The API on the servers that the environment names."""
    with tempfile.TemporaryDirectory() as folder, start_api(Path(folder) / "api.log") as (tree, port):
        yield ServedApi(tree, port, api_key)


@contextmanager
def start_api(
    log: Path, *options: str, settings: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[tuple[ProcessTree, int]]:
    """The processes of the API, which listen at the port, with these options of gunicorn, settings beside the environment's,
    and `before` in front of the command.
    """
    ports = Ports()
    port = ports.reserve()
    tree = ProcessTree(
        [
            *before,
            *(sys.executable, "-m", "gunicorn", "--config", "api/gunicorn_config.py", "--no-control-socket"),
            *("--bind", f"{LOOPBACK}:{port}", *options, "api.app:create_app()"),
        ],
        environment={**os.environ, **(settings or {})},
        log=log,
        speaks=False,
    )
    try:
        begin = time.monotonic()
        while not is_listening(port):
            if time.monotonic() - begin > _SECONDS_TO_START:
                raise TimeoutError(f"the API did not start: {log.read_text()}")
            time.sleep(0.05)
        yield tree, port
    finally:
        tree.stop()
        ports.release()
