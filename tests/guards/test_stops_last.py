"""The shell command that docker-compose.yml puts before the servers, as any `sh` runs it: it ends after those that are connected."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.guards.compose_file import interpolate, load_compose

SCRIPT = interpolate(load_compose()["x-stops-last"], {})

#: Accepts connections on a port, and ends with status 7 at its signal.
SERVER = """
import signal, socket, sys
signal.signal(getattr(signal, "SIG" + sys.argv[2]), lambda *_: sys.exit(7))
for other in {"INT", "TERM"} - {sys.argv[2]}:
    signal.signal(getattr(signal, "SIG" + other), signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
kept = []
while True:
    kept.append(listener.accept())
"""


@contextmanager
def serving(
    *, seconds: int, signal_name: str = "TERM", server: str = SERVER
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The command with its server, and the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    arguments = [str(port), str(seconds), signal_name, sys.executable, "-c", server, str(port), signal_name]
    process = subprocess.Popen(
        ["sh", "-c", SCRIPT, "server", *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    with process, process.stdout:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process, port
        finally:
            process.kill()


@pytest.mark.parametrize("signal_name", ["TERM", "INT"])
def test_nobody_is_connected(signal_name: str) -> None:
    """The server gets its signal at once, and its status is the container's."""
    with serving(seconds=3600, signal_name=signal_name) as (process, _port):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 7


@pytest.mark.slow
def test_somebody_is_connected() -> None:
    """The server serves, new clients as well, until the last one has gone."""
    with serving(seconds=3600) as (process, port):
        first = socket.create_connection(("127.0.0.1", port))
        process.send_signal(signal.SIGTERM)
        # Longer than the command takes to look again.
        time.sleep(2.5)
        second = socket.create_connection(("127.0.0.1", port))
        first.close()
        time.sleep(2.5)
        assert process.poll() is None
        second.close()
        assert process.wait(timeout=30) == 7


def test_somebody_stays_connected() -> None:
    """After its seconds the server ends all the same."""
    with serving(seconds=2) as (process, port), socket.create_connection(("127.0.0.1", port)):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 7


def test_a_server_that_ends_by_itself() -> None:
    """Its status is the container's, without a signal and if one comes at the same time."""
    with serving(seconds=3600, server="import sys; print('ready', flush=True); sys.exit(3)") as (process, _port):
        assert process.wait(timeout=30) == 3
