"""The pages of docs/client: their code runs as a reader runs it, and their tables are complete."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from darkroom.command_line.exits import ExitStatus
from darkroom.connection import Connection

from tests.acceptance.documented_code import read_code
from tests.conftest import REPOSITORY

PAGES = REPOSITORY / "docs/client"


def test_what_the_page_of_the_client_says_works(account: Connection, tmp_path: Path) -> None:
    """Its Python as one program."""
    _run([sys.executable, "-"], read_code(PAGES / "README.md", {}).python, account, tmp_path)

    assert {"mug.png", "tree.png", "star.png", "order.png", "sheet.png"} <= {path.name for path in tmp_path.iterdir()}


# A start of Python for each command.
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_page_of_the_command_line_says_works(account: Connection, tmp_path: Path) -> None:
    """Its commands one after another in one shell."""
    _run(["bash", "-s"], read_code(PAGES / "command-line.md", {}).shell, account, tmp_path, timeout=500)

    assert {"mug.png", "green.png", "job.png", "grid.png"} <= {path.name for path in tmp_path.iterdir()}


def test_the_readme_says_how_to_draw(account: Connection, tmp_path: Path) -> None:
    """The Python of the README, as it stands."""
    _run([sys.executable, "-"], read_code(REPOSITORY / "README.md", {}).python, account, tmp_path)

    assert list(tmp_path.glob("*.png"))


def test_every_exit_status_is_in_the_table() -> None:
    """Of the page of the command line."""
    rows = re.findall(r"^\| (\d+) \| ", (PAGES / "command-line.md").read_text(), re.MULTILINE)

    assert [int(row) for row in rows] == list(ExitStatus)


def _run(command: list[str], text: str, account: Connection, folder: Path, *, timeout: float = 110) -> None:
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    # What pip makes of it, without an installation.
    program = programs / "darkroom"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m darkroom "$@"\n')
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
