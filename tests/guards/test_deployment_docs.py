from __future__ import annotations

import re

import pytest

from core import metrics
from core.environment import is_secret
from core.settings import Settings
from tests.guards.compose_file import REPOSITORY, load_compose
from tests.guards.env_example import read_env_example

TEXT = (REPOSITORY / "docs/deployment.md").read_text()


def test_every_metric_is_explained() -> None:
    """The table of what to watch has each metric of core/metrics.py once, under the name that Prometheus sees."""
    explained = re.findall(r"^\| `([a-z_]+)` \|", TEXT, re.MULTILINE)
    collected = [family.name + ("_total" if family.type == "counter" else "") for family in metrics.REGISTRY.collect()]
    gauges = [metrics.QUEUE_DEPTH, metrics.QUEUE_OLDEST_WAIT_SECONDS, metrics.JOBS_RUNNING]
    assert sorted(explained) == sorted([*collected, *gauges, metrics.WEBHOOK_DELIVERIES_DUE])


def test_every_variable_named_exists() -> None:
    """A variable that the deployment guide names is one of .env.example, or names a file with a secret of it."""
    files = {f"{name.upper()}_FILE" for name, field in Settings.model_fields.items() if is_secret(field)}
    named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", TEXT))
    assert named
    assert named <= {entry.name for entry in read_env_example()} | files
    assert files <= named


@pytest.mark.parametrize("name", re.findall(r"\b(?:logs|exec -T|run --rm|--scale) ([a-z][a-z-]*)", TEXT))
def test_every_service_named_exists(name: str) -> None:
    """A service in a command of the deployment guide is one of docker-compose.yml."""
    assert name in load_compose()["services"]


def test_the_figures_are_those_of_the_files() -> None:
    """Ports, the number of connections and the secrets to fill in are the same in the guide as in the files."""
    services = load_compose()["services"]
    assert f"takes {services['postgres']['command'][-1].partition('=')[2]} connections" in TEXT
    assert f"at port {services['dispatcher']['environment']['WORKER_METRICS_PORT']} on" in TEXT
    secrets = re.search(r"^ *for name in (.+); do$", TEXT, re.MULTILINE)
    assert secrets
    assert set(secrets[1].split()) == {entry.name for entry in read_env_example() if not entry.is_optional}
    assert 10 * Settings.model_fields["database_pool_size"].default < 220
