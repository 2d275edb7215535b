"""docs/faults.md names what there is."""

from __future__ import annotations

import ast
import re

from tests.guards.compose_file import REPOSITORY

TEXT = (REPOSITORY / "docs/faults.md").read_text()


def test_every_fault_has_its_row() -> None:
    """Each number once, F1 to F42 without a gap, each with a test or the reason why there is none."""
    rows = re.findall(r"^\| F(\d+) \|.*$", TEXT, re.MULTILINE)
    numbers = [int(number) for number in rows]
    assert len(numbers) == len(set(numbers))
    assert numbers[:42] == list(range(1, 43))
    for row in re.findall(r"^\| F\d+ \|.*$", TEXT, re.MULTILINE):
        assert "test_" in row or "not run here, because" in row or "own tests" in row, row


def test_every_test_named_exists() -> None:
    """A test or file that the table names is in the repository, and a slow one is said to be slow."""
    sources = {path: path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py")}
    defined = {name for source in sources.values() for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE)}
    named = set(re.findall(r"`(test_\w+)(?:\[[^`]+\])?`", TEXT))
    assert named
    assert named <= defined
    for path in re.findall(r"`(tests/[\w/]+\.py)`", TEXT):
        assert (REPOSITORY / path).is_file(), path


def test_every_test_of_faults_is_in_the_table() -> None:
    """A row that a test's docstring claims has that test, or its file, in it."""
    rows = dict(re.findall(r"^\| (F\d+) \|(.*)$", TEXT, re.MULTILINE))
    for path in (REPOSITORY / "tests/faults").glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                claimed = re.match(r"(?:F\d+(?:, )?)+:", ast.get_docstring(node) or "")
                for row in re.findall(r"F\d+", claimed[0] if claimed else ""):
                    assert node.name in rows[row] or path.name in rows[row], (row, node.name)
