"""Runs what a page of documentation shows, as its reader does: with the client, and with the key of an account."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from darkroom.connection import Connection

from tests.conftest import REPOSITORY


def run_documented(command: list[str], text: str, account: Connection, folder: Path, *, timeout: float = 110) -> str:
    """What it prints. It has to succeed."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    # What pip makes of it, without an installation; and the Python of an environment that is switched on.
    for name, started in (("darkroom", f"{sys.executable} -m darkroom"), ("python", sys.executable)):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {started} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    environment = os.environ | {
        "DARKROOM_URL": account.url,
        "DARKROOM_API_KEY": account.api_key,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY / "client"),
        "XDG_CONFIG_HOME": str(folder),
    }
    ran = subprocess.run(
        command, input=text, env=environment, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout
