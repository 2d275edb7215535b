"""A database with which Darkroom cannot work ends every process at its start, in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from infra.local import LocalStack
from infra.local.ports import Ports
from tests.conftest import REPOSITORY
from tests.database.conftest import open_pooler

_PROCESSES = {
    "api": [sys.executable, "-m", "gunicorn", "--no-control-socket", "-c", "api/gunicorn_config.py", "api.app:create_app()"],
    "renderer": [sys.executable, "-m", "worker", "render"],
    "dispatcher": [sys.executable, "-m", "worker", "dispatch"],
    "migrations": [sys.executable, "-m", "alembic", "upgrade", "head"],
}


@pytest.mark.parametrize("name", _PROCESSES)
def test_statement_mode_is_refused(name: str, servers: LocalStack) -> None:
    """A pooler that allows no transactions."""
    with open_pooler(servers.environment["DATABASE_URL"], pool_mode="statement") as url:
        assert "statement mode" in _start(name, servers, url)


@pytest.mark.parametrize("name", _PROCESSES)
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("-cno_such_setting=1", "no_such_setting"),
        ("-cstatement_timeout=soon", "statement_timeout"),
        ("-cshared_buffers=1MB", "shared_buffers"),
    ],
)
def test_options_that_cannot_be_set_are_refused(name: str, options: str, named: str, servers: LocalStack) -> None:
    """With the name of the setting."""
    assert named in _start(name, servers, f"{servers.environment['DATABASE_URL']}?options={options}")


@pytest.mark.parametrize("name", ["api", "renderer", "dispatcher"])
@pytest.mark.parametrize("settings", [{}, {"server_round_robin": 1, "min_pool_size": 4}, {"default_pool_size": 1}], ids=str)
def test_a_pooler_in_another_mode_than_was_said_is_refused(
    name: str, settings: dict[str, int], servers: LocalStack
) -> None:
    """Before it mixes up anybody's sessions."""
    with open_pooler(servers.environment["DATABASE_URL"], pool_mode="transaction", **settings) as url:
        assert "another session" in _start(name, servers, url, DATABASE_POOLER="session")


def _start(name: str, servers: LocalStack, url: str, **environment: str) -> str:
    """Starts the process, waits for its end, and returns the one line, apart from gunicorn's own and the log's."""
    ports = Ports()
    bind = ["--bind", f"127.0.0.1:{ports.reserve()}"] if name == "api" else []
    run = subprocess.run(
        [*_PROCESSES[name], *bind],
        cwd=REPOSITORY,
        env=os.environ | servers.environment | {"DATABASE_URL": url} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ports.release()
    lines = [line for line in (run.stdout + run.stderr).splitlines() if not line.startswith("{") and "[INFO]" not in line]
    assert run.returncode != 0
    assert len(lines) == 1, lines
    assert "DATABASE_" in lines[0]
    return lines[0]
