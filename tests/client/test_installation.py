"""The client as a distribution: what it brings, how large it is, and on which Pythons it works."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import darkroom
import pytest

from tests.client.install_alone import install_alone
from tests.conftest import REPOSITORY

_CLIENT = REPOSITORY / "client"
_PYTHONS = [f"python3.{minor}" for minor in (10, 11, 12, 13)]

#: Some of what the server stands on.
_OF_THE_SERVER = {"alembic", "boto3", "celery", "flask", "psycopg", "redis", "sqlalchemy", "torch", "pillow"}

_MOST_BYTES = 20_000_000


def _load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_synchronous", _CLIENT / "make_synchronous.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_synchronous_client_is_made_of_the_asynchronous_one() -> None:
    """`python client/make_synchronous.py` would change nothing."""
    assert _load_script().find_differences() == []


def test_the_versions_of_its_dependencies_go_with_the_server() -> None:
    """What the client needs is pinned among what the tests run with."""
    needed = tomllib.loads((_CLIENT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = {line.partition("==")[0] for line in (REPOSITORY / "constraints.txt").read_text().splitlines()}

    assert {line.partition(">")[0] for line in needed} <= pinned


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("python", _PYTHONS)
def test_it_installs_alone(tmp_path: Path, python: str) -> None:
    """In an empty environment: nothing of the server, and less than 20 MB."""
    interpreter = _find_python(python)
    if interpreter is None:
        pytest.skip(f"{python} is not on this machine")
    installed = install_alone(tmp_path, interpreter)

    pip = [sys.executable, "-m", "pip", "--python", str(installed.python)]
    listed = json.loads(subprocess.check_output([*pip, "list", "--format", "json"], text=True))
    assert not {package["name"].lower() for package in listed} & _OF_THE_SERVER
    assert installed.size_bytes < _MOST_BYTES
    shown = subprocess.check_output([installed.environment / "bin/darkroom", "--version"], text=True)
    assert shown.startswith("darkroom ")
    assert (installed.packages / "darkroom/py.typed").exists()
    _check_left_out(installed.python, "from darkroom import Darkroom", "asyncio", "typer", "rich", "PIL")
    _check_left_out(installed.python, "from darkroom import verify_webhook", "asyncio", "pydantic", "httpx2")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_uses_nothing_that_python_310_lacks() -> None:
    """By the types of that version's library."""
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-version", "3.10", "--cache-dir", "/dev/null", "-p", "darkroom"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_every_name_is_there_when_it_is_asked_for() -> None:
    """Though none is imported before; completion lists them, and another name is none."""
    program = (
        "import sys, darkroom; assert 'pydantic' not in sys.modules; "
        "assert set(darkroom.__all__) <= set(dir(darkroom)); "
        "print(*(getattr(darkroom, name).__name__ for name in darkroom.__all__ if name != 'VERSION'), hasattr(darkroom, 'Nothing'))"
    )
    environment = os.environ | {"PYTHONPATH": str(_CLIENT)}
    said = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True).split()

    assert said == [*(name for name in darkroom.__all__ if name != "VERSION"), "False"]


def _check_left_out(python: Path, statement: str, *modules: str) -> None:
    """Of a program with this statement."""
    program = f"import sys; {statement}; sys.exit(any(name in sys.modules for name in {modules!r}))"
    assert subprocess.run([python, "-c", program], check=False).returncode == 0, statement


def _find_python(name: str) -> str | None:
    """One that runs: this one, one on the path, or one that pyenv keeps, whose commands on the path run only what is switched on."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    own = sys.executable if name == f"python3.{sys.version_info.minor}" else None
    for found in (own, shutil.which(name), *map(str, sorted(kept.glob(f"*/bin/{name}")))):
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return None
