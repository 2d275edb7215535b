"""The pages of docs/client and the tutorial: their code runs as a reader runs it, and their tables are complete."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from darkroom.command_line.exits import ExitStatus
from darkroom.connection import Connection

from infra.local.ports import Ports
from tests.acceptance.documented_code import read_code
from tests.client.run_documented import run_documented
from tests.conftest import REPOSITORY

PAGES = REPOSITORY / "docs/client"


@pytest.mark.slow
def test_what_the_page_of_the_client_says_works(account: Connection, tmp_path: Path) -> None:
    """Its Python as one program."""
    run_documented([sys.executable, "-"], read_code(PAGES / "README.md", {}).python, account, tmp_path)

    assert {"mug.png", "tree.png", "star.png", "order.png", "sheet.png"} <= {path.name for path in tmp_path.iterdir()}


# A start of Python for each command.
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_page_of_the_command_line_says_works(account: Connection, tmp_path: Path) -> None:
    """Its commands one after another in one shell."""
    run_documented(["bash", "-s"], read_code(PAGES / "command-line.md", {}).shell, account, tmp_path, timeout=500)

    assert {"mug.png", "green.png", "job.png", "grid.png"} <= {path.name for path in tmp_path.iterdir()}


def test_the_readme_says_how_to_draw(account: Connection, tmp_path: Path) -> None:
    """The Python of the README, as it stands."""
    run_documented([sys.executable, "-"], read_code(REPOSITORY / "README.md", {}).python, account, tmp_path)

    assert list(tmp_path.glob("*.png"))


@pytest.mark.slow
def test_the_tutorial_leads_to_a_verified_webhook(account: Connection, tmp_path: Path) -> None:
    """Its programs in the files that it names, and its commands one after another: three times one picture, and a webhook."""
    page = REPOSITORY / "docs/tutorial.md"
    ports = Ports()
    try:
        # Whose port 5000 is, this machine decides.
        port = str(ports.reserve())
        for name, program in re.findall(
            r"^Save this as `([\w.]+)`.*?^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL
        ):
            (tmp_path / name).write_text(program.replace("5000", port))
        commands = read_code(page, {}).shell.replace("5000", port)
        said = run_documented(
            ["bash", "-s"], f"trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{commands}", account, tmp_path
        )
    finally:
        ports.release()

    assert "three times the same picture" in said
    assert re.search(r"^verified: job\.succeeded job_[0-9a-f]{32}$", said, re.MULTILINE), said
    assert "refused: " in said
    assert (tmp_path / "star.png").exists()


def test_every_exit_status_is_in_the_table() -> None:
    """Of the page of the command line."""
    rows = re.findall(r"^\| (\d+) \| ", (PAGES / "command-line.md").read_text(), re.MULTILINE)

    assert [int(row) for row in rows] == list(ExitStatus)
