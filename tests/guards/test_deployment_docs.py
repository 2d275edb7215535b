from __future__ import annotations

import re

import pytest

from core import metrics
from core.environment import is_secret
from core.settings import Settings
from tests.guards.compose_file import REPOSITORY, load_compose
from tests.guards.env_example import read_env_example

TEXT = (REPOSITORY / "docs/deployment.md").read_text()

#: What the client library serves of every Python process.
_LIBRARYS_OWN = ("process_", "python_")
_SUFFIXES = {"counter": "_total", "info": "_info"}

#: What the dispatcher reads from the database for each scrape.
_GAUGES_OF_THE_QUEUE = {
    metrics.QUEUE_DEPTH,
    metrics.QUEUE_OLDEST_WAIT_SECONDS,
    metrics.JOBS_RUNNING,
    metrics.WORKERS_LIVE,
    metrics.WEBHOOK_DELIVERIES_DUE,
}


def test_every_metric_is_explained() -> None:
    """The table of what to watch has each metric once, under the name that Prometheus sees, and who serves it."""
    explained = re.findall(r"^\| `([a-z_]+)` \| ([A-Za-z, ]+) \|", TEXT, re.MULTILINE)
    served: dict[str, list[str]] = {}
    for process, registry in zip(("API", "workers", "dispatcher"), metrics.REGISTRIES, strict=True):
        for family in registry.collect():
            if not family.name.startswith(_LIBRARYS_OWN):
                served.setdefault(family.name + _SUFFIXES.get(family.type, ""), []).append(process)
    served |= {gauge: ["dispatcher"] for gauge in _GAUGES_OF_THE_QUEUE}
    assert sorted(explained) == sorted((name, ", ".join(processes)) for name, processes in served.items())


def test_every_metric_has_our_prefix() -> None:
    """A name says whose metric it is."""
    names = {family.name for registry in metrics.REGISTRIES for family in registry.collect()}
    names |= _GAUGES_OF_THE_QUEUE
    assert [name for name in sorted(names) if not name.startswith(("darkroom_", *_LIBRARYS_OWN))] == []


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
