"""A database with which Darkroom cannot work ends every process at its start, in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.database import refuse_unfit_sessions
from infra.local import LocalStack
from infra.local.ports import Ports
from infra.pooler import run_pgbouncer
from tests.conftest import REPOSITORY
from tests.database.conftest import Use, UsePooler
from tests.database.pooler import require_pgbouncer

_PROCESSES = {
    "api": [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "-c",
        "api/gunicorn_config.py",
        "api.app:create_app()",
    ],
    "renderer": [sys.executable, "-m", "worker", "render"],
    "dispatcher": [sys.executable, "-m", "worker", "dispatch"],
    "migrations": [sys.executable, "-m", "alembic", "upgrade", "head"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", _PROCESSES)
def test_statement_mode_is_refused(name: str, servers: LocalStack) -> None:
    """A pooler that allows no transactions."""
    require_pgbouncer()
    with run_pgbouncer(servers.environment["DATABASE_URL"], pool_mode="statement") as url:
        assert "statement mode" in _start(name, servers, url)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("-cno_such_setting=1", "no_such_setting"),
        ("-cstatement_timeout=soon", "statement_timeout"),
        ("-cshared_buffers=1MB", "shared_buffers"),
    ],
)
def test_options_that_cannot_be_set_are_refused(
    options: str, named: str, servers: LocalStack, use: Use, use_pooler: UsePooler
) -> None:
    """With the name of the setting, through poolers as well."""
    with use(f"{servers.environment['DATABASE_URL']}?options={options}"), pytest.raises(SystemExit, match=named):
        refuse_unfit_sessions()
    for pool_mode in ("session", "transaction"):
        with use_pooler(pool_mode=pool_mode, query=f"options={options}"), pytest.raises(SystemExit, match=named):
            refuse_unfit_sessions()


@pytest.mark.parametrize(
    "settings", [{}, {"server_round_robin": 1, "min_pool_size": 4}, {"default_pool_size": 1}], ids=str
)
def test_a_pooler_in_another_mode_than_was_said_is_refused(settings: dict[str, int], use_pooler: UsePooler) -> None:
    """Before it mixes up anybody's sessions."""
    with (
        use_pooler(pooler="session", pool_mode="transaction", **settings),
        pytest.raises(SystemExit, match="another session"),
    ):
        refuse_unfit_sessions()


def test_what_works_is_not_refused(servers: LocalStack, use: Use, use_pooler: UsePooler) -> None:
    """And a database that is away is not waited for."""
    for pooler in ("auto", "session"):
        with use_pooler(pooler=pooler, pool_mode="session"):
            refuse_unfit_sessions()
        with use(servers.environment["DATABASE_URL"]):
            refuse_unfit_sessions()
    with use_pooler(pooler="auto", pool_mode="transaction"):
        refuse_unfit_sessions()
    with use("postgresql://u:p@127.0.0.1:9/d"):
        refuse_unfit_sessions()


def _start(name: str, servers: LocalStack, url: str) -> str:
    """Starts the process, waits for its end, and returns the one line that says why."""
    ports = Ports()
    bind = ["--bind", f"127.0.0.1:{ports.reserve()}"] if name == "api" else []
    try:
        run = subprocess.run(
            [*_PROCESSES[name], *bind],
            cwd=REPOSITORY,
            env=os.environ | servers.environment | {"DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        ports.release()
    output = run.stdout + run.stderr
    lines = [line for line in output.splitlines() if "DATABASE_URL" in line]
    assert run.returncode != 0
    assert len(lines) == 1, output
    assert "Traceback" not in output
    return lines[0]
