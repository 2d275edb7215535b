"""The commands that run Darkroom's own processes on the embedded servers."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from infra.local.command import Command
from infra.local.ports import LOOPBACK

REPOSITORY = Path(__file__).resolve().parents[2]


def migrate(environment: Mapping[str, str]) -> Command:
    """Bring the database to the newest schema."""
    return _python("alembic", "upgrade", "head", environment=environment)


def create_account(name: str, environment: Mapping[str, str]) -> Command:
    """Create an account, and print it with its API key as JSON."""
    return _python("admin", "create-account", name, "--json", environment=environment)


def api(port: int, environment: Mapping[str, str]) -> Command:
    """Serve the API."""
    return _python(
        *("gunicorn", "--config", "api/gunicorn_config.py", "--no-control-socket"),
        *("--bind", f"{LOOPBACK}:{port}", "api.app:create_app()"),
        environment=environment,
    )


def rendering_worker(metrics_port: int, environment: Mapping[str, str]) -> Command:
    """Render jobs."""
    return _python("worker", "render", environment={**environment, "WORKER_METRICS_PORT": str(metrics_port)})


def dispatcher(metrics_port: int, environment: Mapping[str, str]) -> Command:
    """Deliver webhooks and keep the queue in order."""
    return _python("worker", "dispatch", environment={**environment, "WORKER_METRICS_PORT": str(metrics_port)})


def beat(environment: Mapping[str, str]) -> Command:
    """Send the rings for periodic work."""
    return _python("worker", "beat", environment=environment)


def answers(port: int, path: str) -> bool:
    """Whether a GET of this path is answered with 200."""
    with (
        suppress(OSError, http.client.HTTPException),
        closing(http.client.HTTPConnection(LOOPBACK, port, timeout=5)) as connection,
    ):
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    return False


def _python(*arguments: str, environment: Mapping[str, str]) -> Command:
    return Command([sys.executable, "-m", *arguments], folder=REPOSITORY, environment=environment)
