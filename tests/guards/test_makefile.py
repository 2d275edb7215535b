from __future__ import annotations

import re

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
