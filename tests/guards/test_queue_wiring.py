"""Every ring reaches a worker: tasks, queues, workers, beat and docker-compose.yml fit together."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery import Celery
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

import worker.__main__
from core import doorbell, metrics
from core.settings import Settings
from tests.guards.compose_file import REPOSITORY, load_compose, runs_our_code
from worker.celery_app import build_celery

SETTINGS = Settings(api_key_pepper=SecretStr("sixteen characters"))

QUEUES = {value for name, value in vars(doorbell).items() if name.endswith("_QUEUE")}
TASKS = {
    value
    for name, value in vars(doorbell).items()
    if name.isupper() and not name.startswith("_") and not name.endswith("_QUEUE")
}


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[set[str], set[str]]]:
    """By the role that starts it: the queues that a worker takes from, and the tasks that it registers."""
    found: dict[str, tuple[set[str], set[str]]] = {}

    def record(role: str) -> Any:
        def take(
            app: Celery,
            _settings: Settings,
            *,
            queues: list[str],
            threads: int,
            patience_seconds: float,
            prepare: Callable[[], None],
            registry: CollectorRegistry,
        ) -> None:
            assert registry is (metrics.RENDERER if role == "render" else metrics.DISPATCHER)
            assert threads >= 1
            assert callable(prepare)
            assert 4 <= patience_seconds <= 20
            found[role] = (set(queues), {task for module in app.conf.include for task in _list_tasks(module)})

        return take

    # The real ones read the deployment's settings, and load torch and a model; which queues a worker takes from does not hang on them.
    monkeypatch.setattr(worker.__main__, "get_catalog", lambda: None)
    runtime = ModuleType("worker.rendering.runtime")
    runtime.get_runtime = type("Runtime", (), {"start": lambda _self: None})  # type: ignore[attr-defined]  # a module made here, without torch
    monkeypatch.setitem(sys.modules, "worker.rendering.runtime", runtime)
    for role, run in {"render": worker.__main__.run_renderer, "dispatch": worker.__main__.run_dispatcher}.items():
        monkeypatch.setattr(worker.__main__, "_run_worker", record(role))
        run(SETTINGS)
    return found


def test_the_wire_vocabulary_stands() -> None:
    """Names that processes of two releases send each other stay: a rolling upgrade has both at work."""
    assert {"render_next", "deliver_next", "sweep", "delete_orphans"} <= TASKS
    assert {"webhooks", "maintenance"} <= QUEUES
    assert doorbell.render_queue("default") == "render.default"


def test_every_task_name_is_registered_once(consumers: dict[str, tuple[set[str], set[str]]]) -> None:
    """Each task that the doorbell names is registered by one kind of worker, and no worker has another."""
    registered = sorted(task for _, tasks in consumers.values() for task in tasks)
    assert registered == sorted(TASKS)


def test_every_queue_is_taken_from(consumers: dict[str, tuple[set[str], set[str]]]) -> None:
    """Each queue that the doorbell names, and that of the default pool, has its worker."""
    taken = sorted(queue for queues, _ in consumers.values() for queue in queues)
    assert taken == sorted({*QUEUES, doorbell.render_queue(SETTINGS.render_pool)})


def test_the_default_pool_serves_the_default_model() -> None:
    """A deployment that changes nothing renders the model that it offers by default."""
    from core.catalog.catalog import load_catalog

    catalog = load_catalog(REPOSITORY / SETTINGS.models_file)
    assert catalog.models[SETTINGS.default_model].pool == SETTINGS.render_pool


def test_compose_runs_every_consumer(consumers: dict[str, tuple[set[str], set[str]]]) -> None:
    """Each kind of worker is a service that plain `docker compose up` starts, and so is beat."""
    started = {
        service["command"][-1]
        for service in load_compose()["services"].values()
        if runs_our_code(service) and service["command"][:3] == ["python", "-m", "worker"] and "profiles" not in service
    }
    assert started == {*consumers, "beat"}


def test_beat_rings_for_known_work(consumers: dict[str, tuple[set[str], set[str]]]) -> None:
    """Each entry of the schedule sends a task to a queue whose worker has that task."""
    schedule = build_celery(SETTINGS, include=[]).conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} >= {doorbell.SWEEP, doorbell.DELETE_ORPHANS}
    for entry in schedule.values():
        assert _hears(consumers, entry["options"]["queue"], entry["task"]), entry
        assert "expires" not in entry["options"], "it would compare the clocks of two hosts"


def test_every_ring_is_heard(consumers: dict[str, tuple[set[str], set[str]]]) -> None:
    """Wherever the code rings, the queue is one whose worker has the task."""
    rings = [ring for folder in ("api", "core", "worker") for ring in _list_rings(REPOSITORY / folder)]
    assert {task for _, task in rings} == {
        *(doorbell.RENDER_NEXT, doorbell.DELIVER_NEXT, doorbell.FETCH_NEXT, doorbell.END_SWEEPS)
    }
    for queue, task in rings:
        assert _hears(consumers, queue, task), (queue, task)


def _hears(consumers: dict[str, tuple[set[str], set[str]]], queue: str, task: str) -> bool:
    return any(queue in queues and task in tasks for queues, tasks in consumers.values())


def _list_tasks(module: str) -> list[str]:
    """The names under which a module of tasks registers its functions, read from its source: some import torch."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None, module
    names = []
    for node in ast.walk(ast.parse(Path(spec.origin).read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "shared_task":
            (name,) = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
            assert isinstance(name, ast.Name), f"{module}: a task whose name is not one of core/doorbell/doorbell.py"
            names.append(getattr(doorbell, name.id))
    assert names, module
    return names


def _list_rings(folder: Path) -> list[tuple[str, str]]:
    """Queue and task of every ring in a folder's source. Functions that pass both on are not rings themselves."""
    rings = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or _name_of(node.func) not in {"ring", "_ring_for"}:
                continue
            queue, task = node.args
            if isinstance(task, ast.Name) and hasattr(doorbell, task.id):
                rings.append((_evaluate_queue(queue), getattr(doorbell, task.id)))
            else:
                assert path.name == "sweep.py", (
                    f"{path}: rings with a task that is not one of core/doorbell/doorbell.py"
                )
    return rings


def _evaluate_queue(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        assert _name_of(node.func) == "render_queue"
        return doorbell.render_queue(SETTINGS.render_pool)
    assert isinstance(node, ast.Name)
    queue: str = getattr(doorbell, node.id)
    return queue


def _name_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
