"""Every command that docker-compose.yml, the Dockerfiles and docs/deployment.md name is one that the code knows."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import alembic.config
import pytest

import admin.commands
import worker.__main__
from tests.guards.compose_file import REPOSITORY, load_compose, runs_our_code
from tests.guards.dockerfiles import SLIM, WORKER, read_dockerfile

SERVICES = load_compose()["services"]
COMMANDS = {name: service["command"] for name, service in SERVICES.items() if runs_our_code(service)}
ROLES = {"dispatcher": "run_dispatcher", "beat": "run_beat", "worker-cpu": "run_renderer", "worker-gpu": "run_renderer"}


@pytest.mark.parametrize("name", ROLES)
def test_background_processes_start_their_role(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m worker ROLE` of each service runs the function of its role."""
    python, flag, module, *arguments = COMMANDS[name]
    assert (python, flag, module) == ("python", "-m", "worker")
    called: list[str] = []
    for function in set(ROLES.values()):
        monkeypatch.setattr(worker.__main__, function, lambda _settings, function=function: called.append(function))
    monkeypatch.setattr(worker.__main__, "take_over_output", lambda _settings: None)
    monkeypatch.setattr(worker.__main__, "refuse_unfit_sessions", lambda: None)
    monkeypatch.setattr(worker.__main__, "get_settings", lambda: None)
    monkeypatch.setattr(sys, "argv", ["python -m worker", *arguments])

    worker.__main__.main()

    assert called == [ROLES[name]]


def test_the_migration_is_a_command_of_alembic() -> None:
    """The one-shot service runs a command that Alembic knows, on the configuration that the image holds."""
    program, *arguments = COMMANDS["migrate"]
    assert program == "alembic"
    options = alembic.config.CommandLine().parser.parse_args(arguments)
    assert options.cmd[0].__name__ == "upgrade"
    assert options.revision == "head"


@pytest.mark.slow
def test_gunicorn_finds_the_application(tmp_path: Path) -> None:
    """gunicorn accepts the API's command line: its configuration loads and its target is an application."""
    program, *arguments = COMMANDS["api"]
    assert program == "gunicorn"
    check = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", *arguments],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "API_KEY_PEPPER": "sixteen characters"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize(("path", "service"), [(SLIM, "api"), (WORKER, "worker-gpu")])
def test_an_image_runs_what_its_service_runs(path: Path, service: str) -> None:
    """An image without further words does what Compose has it do; the worker's with the same health check. Processes of the
    other image have different ones, and their ports as well.
    """
    instructions = {instruction.keyword: instruction.text for instruction in read_dockerfile(path)}
    assert json.loads(instructions["CMD"]) == COMMANDS[service]
    if path == SLIM:
        assert not instructions.keys() & {"HEALTHCHECK", "EXPOSE"}
        return
    probe = instructions["HEALTHCHECK"].partition("CMD ")[2]
    assert ["CMD", *json.loads(probe)] == SERVICES[service]["healthcheck"]["test"]


def test_the_documented_admin_commands_are_understood() -> None:
    """Each `darkroom-admin …` of docs/deployment.md is a command line that the admin program accepts."""
    documented = re.findall(r"darkroom-admin ([^`\n]+)", (REPOSITORY / "docs/deployment.md").read_text())
    assert documented
    for arguments in documented:
        admin.commands._parser().parse_args(shlex.split(arguments))
