"""Notices that a machine will be taken away reach a process as SIGTERM does."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

#: Says what it was told, and ends.
_PROCESS = """
import signal, sys
from worker.drain_notice import install_drain_notices
signal.signal(signal.SIGTERM, lambda signum, _frame: sys.exit(f"told to stop by {signum}"))
install_drain_notices(sys.argv[1])
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("notice", ["SIGTERM", "SIGUSR1", "file"])
def test_a_notice_ends_the_process(notice: str, tmp_path: Path) -> None:
    """The signal, and a file that appears later, both reach the handler of SIGTERM, in a main thread that sleeps."""
    drain_file = tmp_path / "drain"
    command = [sys.executable, "-c", _PROCESS, str(drain_file)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert process.poll() is None
        if notice == "file":
            drain_file.touch()
        else:
            process.send_signal(signal.Signals[notice])
        _, said = process.communicate(timeout=10)

    assert "told to stop by" in said


def test_without_a_file_nothing_is_looked_at(tmp_path: Path) -> None:
    """An empty DRAIN_FILE names no file, not the working folder."""
    command = [sys.executable, "-c", _PROCESS, ""]
    with subprocess.Popen(
        command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.terminate()
        process.communicate(timeout=10)
