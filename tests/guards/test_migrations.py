from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.guards.compose_file import REPOSITORY

PATHS = sorted((REPOSITORY / "migrations/versions").glob("*.py"))
NAME = re.compile(r"(?P<revision>\d{4})_(?P<slug>[a-z0-9]+(?:_[a-z0-9]+)*)")


def test_migrations_are_numbered_without_gaps() -> None:
    """The files are 0001, 0002 and so on, each name its number and what it does."""
    names = [NAME.fullmatch(path.stem) for path in PATHS]
    assert all(names), [path.name for path in PATHS]
    assert [name["revision"] for name in names if name] == [f"{number:04}" for number in range(1, len(PATHS) + 1)]


def test_migrations_are_one_line() -> None:
    """Each migration follows the one before it, under its file's number: one base, one head, no branch."""
    scripts = ScriptDirectory.from_config(Config(REPOSITORY / "alembic.ini"))
    chain = list(scripts.walk_revisions())[::-1]
    assert [(script.revision, Path(script.path).name[:4]) for script in chain] == [
        (path.name[:4], path.name[:4]) for path in PATHS
    ]
    assert [script.down_revision for script in chain] == [None, *(script.revision for script in chain[:-1])]
    assert scripts.get_heads() == [chain[-1].revision]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_migration_can_be_taken_back(path: Path) -> None:
    """Every migration has an upgrade and a downgrade that do something, and says in a line what it is for."""
    tree = ast.parse(path.read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in ("upgrade", "downgrade"):
        assert any(isinstance(node, ast.Call) for node in ast.walk(functions[name])), name
    assert ast.get_docstring(tree)
