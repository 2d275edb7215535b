"""What uploads cost the API as it is deployed: its memory for one that is refused and one that is stored, and what others notice
of many at once.
"""

from __future__ import annotations

import http.client
import io
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from PIL import Image

from bench.bodies.memory import ProcessMemory
from infra.local.ports import LOOPBACK

#: Pixels of the picture, which is noise: as large a file, and as large a PNG, as so many pixels can make.
_SIDES = (4096, 3072)

_STORED_BYTES = 19_000_000
_REFUSED_BYTES = 100_000_000
_PIECE_BYTES = 64 * 1024

_AT_ONCE = 20
_PATIENCE_SECONDS = 120
_BETWEEN_SECONDS = 0.01


@dataclass(frozen=True)
class UploadCost:
    """One upload, and the most memory above what the API had before it, in MB."""

    name: str
    status: int
    peak_mb: float


@dataclass
class Noticed:
    """What somebody who asks for /livez notices. Milliseconds."""

    latencies: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.latencies, n=100)[98]

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)


def build_picture() -> bytes:
    """A JPEG of about 19 MB."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (_SIDES[1], _SIDES[0], 3), dtype=np.uint8))
    for quality in range(98, 70, -1):
        buffer = io.BytesIO()
        noise.save(buffer, "JPEG", quality=quality, subsampling=0)
        if len(buffer.getvalue()) <= _STORED_BYTES:
            return buffer.getvalue()
    raise AssertionError("no quality makes the picture short enough")


def measure_uploads(port: int, api_key: str, picture: bytes, api: ProcessMemory) -> Iterator[UploadCost]:
    """Send the files one after another, and yield what each cost. `api`: the memory of the process that answers."""
    size = f"{len(picture) / 1e6:.0f} MB"
    for name, number in ((f"{size}, the first since the start", 0), (size, 1)):
        body = _make_other(picture, number)
        yield _measure(name, api, partial(_send, port, api_key, _list_pieces(body), length=len(body)))
    yield _measure(
        f"{size}, in chunks",
        api,
        lambda: _send(port, api_key, _list_pieces(_make_other(picture, 2)), length=None),
    )
    # The length is sent, and the sending ends when the answer is there, as every client does that asks (Expect: 100-continue).
    refused = "100 MB, with its length"
    yield _measure(refused, api, lambda: _send(port, api_key, iter(()), length=_REFUSED_BYTES))
    yield _measure(
        "100 MB, in chunks", api, lambda: _send(port, api_key, _list_pieces(bytes(_REFUSED_BYTES)), length=None)
    )


def measure_many(port: int, api_keys: Sequence[str], picture: bytes) -> tuple[Noticed, Counter[int]]:
    """Send 20 different files at once, the accounts in turns; what somebody else noticed, and the answers by status."""
    with _asking(port) as noticed, ThreadPoolExecutor(_AT_ONCE) as clients:
        sent = [
            clients.submit(
                _send,
                port,
                api_keys[number % len(api_keys)],
                _list_pieces(_make_other(picture, 100 + number)),
                length=len(picture) + 1,
            )
            for number in range(_AT_ONCE)
        ]
        answers = Counter(each.result() for each in sent)
    return noticed, answers


def _make_other(picture: bytes, number: int) -> bytes:
    """The same picture, as another file: what stands behind its end is not read."""
    return picture + bytes([number])


def _list_pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]


def _send(port: int, api_key: str, pieces: Iterator[bytes], *, length: int | None) -> int:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=_PATIENCE_SECONDS)) as connection:
        connection.putrequest("POST", "/v1/files")
        connection.putheader("Authorization", f"Bearer {api_key}")
        connection.putheader("Content-Type", "image/jpeg")
        if length is None:
            connection.putheader("Transfer-Encoding", "chunked")
        else:
            connection.putheader("Content-Length", str(length))
        connection.endheaders()
        try:
            for piece in pieces:
                connection.send(piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
            if length is None:
                connection.send(b"0\r\n\r\n")
        except OSError:
            # Refused before it was sent to its end: the answer is there.
            pass
        return connection.getresponse().status


def _measure(name: str, api: ProcessMemory, send: Callable[[], int]) -> UploadCost:
    time.sleep(2)  # what the last one has left is returned
    api.reset_peak()
    before = api.read_resident()
    status = send()
    return UploadCost(name, status, (api.read_peak() - before) / 1e6)


@contextmanager
def _asking(port: int) -> Iterator[Noticed]:
    """Ask for /livez a hundred times a second at most while the block runs."""
    noticed, is_over = Noticed(), threading.Event()

    def ask() -> None:
        with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=_PATIENCE_SECONDS)) as connection:
            while not is_over.wait(_BETWEEN_SECONDS):
                started = time.perf_counter()
                connection.request("GET", "/livez")
                connection.getresponse().read()
                noticed.latencies.append((time.perf_counter() - started) * 1000)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield noticed
    finally:
        is_over.set()
        thread.join()
