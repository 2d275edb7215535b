"""The command line as a process, on a terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from darkroom import Darkroom
from darkroom.command_line.exits import ExitStatus
from darkroom.connection import Connection

from tests.conftest import REPOSITORY


def _start(account: Connection, folder: Path, *arguments: str, terminal: int | None = None) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DARKROOM_URL": account.url,
        "DARKROOM_API_KEY": account.api_key,
        "PYTHONPATH": str(REPOSITORY / "client"),
        "TERM": "xterm-256color",
        "COLUMNS": "120",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "darkroom", *arguments],
        cwd=folder,
        env={name: value for name, value in environment.items() if name != "NO_COLOR"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.PIPE if terminal is None else terminal,
        text=True,
    )


def test_ctrl_c_cancels_the_job_and_says_so(account: Connection, darkroom: Darkroom, tmp_path: Path) -> None:
    """Also of one that waits."""
    darkroom.queue.pause()
    process = _start(account, tmp_path, "render", "a red mug", "a blue mug")
    deadline = time.monotonic() + 60
    while len(jobs := list(darkroom.jobs.list())) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    # It is past its last submit when it waits for the first job.
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == ExitStatus.INTERRUPTED
    assert sorted(re.findall(r"cancelled (job_\w+)", err)) == sorted(job.id for job in jobs)
    assert {job.status for job in darkroom.jobs.list()} == {"cancelled"}


@pytest.mark.slow
def test_a_terminal_shows_steps_and_the_picture(account: Connection, tmp_path: Path) -> None:
    """A bar with the step, and half blocks in colour."""
    ours, theirs = pty.openpty()
    process = _start(
        account, tmp_path, "render", "a red mug", "--size", "320x320", "--steps", "20", "-o", "mug.png", terminal=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65_536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)

    text = shown.decode(errors="replace")
    assert process.wait(timeout=30) == 0, text
    assert re.search(r"step \d+ of 20", text)
    assert "▀" in text
    assert "mug.png" in text
    assert (tmp_path / "mug.png").exists()
