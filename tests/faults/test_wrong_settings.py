"""Processes that are started with settings that are wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from infra.local import LocalStack
from tests.conftest import REPOSITORY
from tests.guards.env_example import COMPOSE_GROUP, read_env_example

#: What every start of a process of ours runs, by its name.
PROCESSES = {
    "api": ("-m", "gunicorn", "--config", "api/gunicorn_config.py"),
    "worker": ("-m", "worker", "render"),
    "dispatcher": ("-m", "worker", "dispatch"),
    "beat": ("-m", "worker", "beat"),
    "migration": ("-m", "alembic", "upgrade", "head"),
    "darkroom-admin": ("-m", "admin", "list-accounts"),
    "darkroom-models": ("-c", "from worker.model_store.commands import main; main()", "list"),
    "the stack on this machine": ("-m", "infra.local", "run", "--only", "database", "--", "true"),
    "a bench": ("-m", "bench.queue.noop_worker"),
}

#: Those that use the models file.
CATALOG_PROCESSES = ("api", "worker", "darkroom-models")

LINES = [
    "darkroom: REDIS_URL_FILE is '/nowhere/redis', which cannot be read: No such file or directory",
    "darkroom: S3_UPLOAD_THREADS is '0': it has to be a whole number, 1 or more",
    "darkroom: LOG_LEVEL is 'loud': it has to be debug, info, warning or error",
]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Every process, started with three settings that are wrong."""
    variables = {"S3_UPLOAD_THREADS": "0", "LOG_LEVEL": "loud", "REDIS_URL_FILE": "/nowhere/redis"}
    with starting(tmp_path_factory.mktemp("home"), [*PROCESSES], variables) as started:
        yield started


@pytest.fixture(scope="module")
def without_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """The processes that use the models file, started with one that is not there."""
    home = tmp_path_factory.mktemp("home")
    with starting(home, CATALOG_PROCESSES, {"MODELS_FILE": "/nowhere/models.toml"}) as started:
        yield started


@contextmanager
def starting(home: Path, names: Sequence[str], variables: dict[str, str]) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Processes side by side, since most of their time goes into imports."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "API_KEY_PEPPER": "sixteen characters"}
    started = {
        name: subprocess.Popen(
            [sys.executable, *PROCESSES[name]],
            cwd=REPOSITORY,
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    }
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("name", PROCESSES)
def test_wrong_settings_end_a_process_with_a_line_each(name: str, wrong: dict[str, subprocess.Popen[str]]) -> None:
    """Whichever process reads them: its exit code is 1, and it says what is wrong with each, and nothing else."""
    output, errors = wrong[name].communicate(timeout=60)

    assert (wrong[name].returncode, output) == (1, "")
    said = errors.splitlines()
    if name == "the stack on this machine":
        # Its own files win over the setting, and its first process says the rest.
        lines = LINES[1:]
        said = [line for line in said if line.startswith("darkroom: ")]
        assert "Traceback" not in errors
    else:
        lines = LINES
    assert said == lines


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOG_PROCESSES)
def test_a_missing_models_file_is_one_line(name: str, without_models: dict[str, subprocess.Popen[str]]) -> None:
    """The setting that names it is named."""
    output, errors = without_models[name].communicate(timeout=60)

    assert without_models[name].returncode == 1
    is_service = name != "darkroom-models"
    # A process of the service knows by then how it is to write.
    line = json.loads(output)["text"] if is_service else errors.splitlines()[-1]
    program = "darkroom" if is_service else "darkroom-models"
    assert line == f"{program}: MODELS_FILE is '/nowhere/models.toml', which cannot be read: No such file or directory"
    assert "Traceback" not in output + errors


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_line_of_the_example_at_once_starts_everything() -> None:
    """F58: .env.example without any "# " is a service of which every process starts, and which draws a job."""
    lines = {each.name: each.value for each in read_env_example() if each.is_optional and each.group != COMPOSE_GROUP}
    with LocalStack(environment=lambda own: {name: lines[name] for name in lines.keys() - own.keys()}) as stack:
        assert stack.environment["CPU_FORWARDS"] == ""
        headers = {"Authorization": f"Bearer {stack.api_key}"}
        job = httpx2.post(f"{stack.url}/v1/jobs", headers=headers, json={"prompt": "a red mug"}).json()
        deadline = time.monotonic() + 120
        while job["status"] not in {"succeeded", "failed"} and time.monotonic() < deadline:
            time.sleep(0.5)
            job = httpx2.get(job["urls"]["self"], headers=headers).json()
    assert job["status"] == "succeeded"
