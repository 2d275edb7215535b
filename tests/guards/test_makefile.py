from __future__ import annotations

import re
import subprocess

from tests.guards.compose_file import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text()
TARGETS = {"help", "demo", "up", "test", "check", "bench"}


def test_every_command_explains_itself() -> None:
    """Each command of the Makefile has its `##` line, which `make help` prints, and is declared phony."""
    rules = dict(re.findall(r"^([a-z][a-z-]*):(.*)$", MAKEFILE, re.MULTILINE))
    assert set(rules) >= TARGETS
    assert not [name for name, rest in rules.items() if not re.search(r" ## \S", rest)]
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == set(rules)


def test_help_begins_with_what_users_need() -> None:
    """A few commands, and those of developers under a heading of their own."""
    shown = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    users, developers = shown.split("\nFor developers\n")
    listed = re.findall(r"^  make ([a-z-]+) ", users, re.MULTILINE)
    assert users.startswith("For users\n")
    assert listed[:3] == ["help", "demo", "up"]
    assert len(listed) <= 6
    others = re.findall(r"^  make ([a-z-]+) ", developers, re.MULTILINE)
    assert sorted(listed + others) == sorted(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
