"""What is really loaded: the import contracts read the source, these tests run the processes' code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.guards.compose_file import REPOSITORY

#: Libraries that only worker/rendering may load.
RENDERING = ("torch", "diffusers", "transformers", "accelerate", "peft")

_API = """
from api.app import create_app
create_app()
"""
_BACKGROUND = """
import admin.commands, alembic.config, gunicorn.app.wsgiapp
import worker.__main__, worker.maintenance.tasks, worker.webhooks.tasks
from core.settings import get_settings
from worker.celery_app import build_celery
app = build_celery(get_settings(), include=[])
app.connection_for_write().transport
app.Beat(quiet=True)
"""
_HIDE = """
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NotInstalled())
"""


@pytest.mark.slow
def test_the_api_does_not_load_torch() -> None:
    """The API loads neither torch nor anything that stands on it, installed as they may be."""
    _run(_API + f"import sys; loaded = set({RENDERING}) & set(sys.modules); assert not loaded, loaded")


@pytest.mark.slow
def test_the_base_dependencies_suffice() -> None:
    """The slim image's processes come up with the base dependencies alone, whatever else is installed here."""
    base = _list_base_distributions()
    hidden = {
        module
        for module, distributions in packages_distributions().items()
        if not base & {canonicalize_name(name) for name in distributions}
    }
    assert hidden >= set(RENDERING)
    _run(f"HIDDEN = set({json.dumps(sorted(hidden))})" + _HIDE + _API + _BACKGROUND)


def _run(code: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "API_KEY_PEPPER": "sixteen characters"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]


def _list_base_distributions() -> set[str]:
    """What `pip install .` installs: the base dependencies and theirs, with the extras that are asked for."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    found = {(str(canonicalize_name(project["name"])), "")}
    waiting = [Requirement(text) for text in project["dependencies"]]
    while waiting:
        requirement = waiting.pop()
        name = str(canonicalize_name(requirement.name))
        for extra in {"", *requirement.extras} - {extra for known, extra in found if known == name}:
            found.add((name, extra))
            needed = [Requirement(text) for text in requires(name) or []]
            waiting += [each for each in needed if each.marker is None or each.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}
