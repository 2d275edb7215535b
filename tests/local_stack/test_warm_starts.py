"""A process that tests fork from a warm parent is as one that the stack starts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.application import REPOSITORY
from infra.local.command import Command, StartProcess, start_process
from infra.local.environment import inherit
from infra.local.part import Part, PartState
from tests.warm.start_warm import start_warm

DESCRIBE = [sys.executable, "-m", "tests.warm.describe_process"]


def test_it_sees_what_a_new_program_sees(tmp_path: Path) -> None:
    """Environment, arguments, folder, parent, session, files and exit status are the same."""
    new, warm = (describe(start, tmp_path) for start in (start_process, start_warm))

    assert warm == new
    assert warm["environment"] == inherit({"LOG_LEVEL": "error", "PUBLIC_URL": "http://127.0.0.1:1"})
    assert warm["status"] == 3
    assert warm["log"] == "a line for the log\n"


def test_each_test_forks_from_the_same_parents(tmp_path: Path) -> None:
    """What pytest itself writes into the environment changes with every test, and matters to none of ours."""
    with (tmp_path / "log").open("wb") as log:
        process = start_warm(Command([*DESCRIBE, "0"], folder=REPOSITORY), log, True)
        process.communicate()

    assert not isinstance(process, subprocess.Popen)


def test_a_test_that_imports_torch_makes_no_start_cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch names a folder in the environment as it is imported."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    with (tmp_path / "log").open("wb") as log:
        process = start_warm(Command([*DESCRIBE, "0"], folder=REPOSITORY), log, True)
        process.communicate()

    assert not isinstance(process, subprocess.Popen)


def test_what_runs_at_a_start_runs_in_a_forked_process_too(tmp_path: Path) -> None:
    """A folder on PYTHONPATH with a `sitecustomize` alone: tests tamper with processes by it."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import os; os.environ['CUSTOMISED'] = 'yes'")
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    with (tmp_path / "log").open("wb") as log:
        process = start_warm(Command([*DESCRIBE, "0"], folder=REPOSITORY, environment=environment), log, True)
        output, _ = process.communicate()

    assert not isinstance(process, subprocess.Popen)
    assert json.loads(output)["environment"].items() >= {**environment, "CUSTOMISED": "yes"}.items()


def describe(start: StartProcess, folder: Path) -> dict[str, Any]:
    log_path = folder / f"{start.__name__}.log"
    command = Command(
        [*DESCRIBE, "--some", "words", "3"],
        folder=REPOSITORY,
        environment={"LOG_LEVEL": "error", "PUBLIC_URL": "http://127.0.0.1:1"},
    )
    with log_path.open("wb") as log:
        process = start(command, log, True)
    output, _ = process.communicate()
    return {**json.loads(output), "status": process.returncode, "log": log_path.read_text()}


def test_it_is_killed_and_frozen_as_a_part(tmp_path: Path) -> None:
    """Signals reach it, and its end is seen, by which signal it ended as well."""
    part = Part(
        "sleeper",
        lambda: Command([sys.executable, "-m", "timeit", "-n", "1", "import time; time.sleep(60)"], folder=REPOSITORY),
        is_ready=lambda: True,
        log_path=tmp_path / "sleeper.log",
        start_process=start_warm,
    )
    part.start()
    part.wait_until_ready()
    part.pause()
    wait_until(lambda: state_of(part.pid) == "T")
    part.resume()
    wait_until(lambda: state_of(part.pid) != "T")
    part.kill(signal.SIGTERM)
    wait_until(lambda: part.has_died)
    assert part.returncode == -signal.SIGTERM

    part.start()
    part.stop()
    assert (part.state, part.is_running) == (PartState.STOPPED, False)


@pytest.mark.parametrize("name", ["PYTHONPATH", "OMP_NUM_THREADS", "TZ"])
def test_what_imports_may_read_starts_a_new_program(name: str, tmp_path: Path) -> None:
    """Another value than the warm parent's would have come too late."""
    with (tmp_path / "log").open("wb") as log:
        process = start_warm(Command([*DESCRIBE, "0"], folder=REPOSITORY, environment={name: "1"}), log, True)
        process.communicate()

    assert isinstance(process, subprocess.Popen)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
