"""`python -m infra.local`: its exit status, its signals, and that it leaves no process."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import httpx2
import psutil
import pytest

RunStack = Callable[..., subprocess.Popen[str]]
WaitUntil = Callable[..., None]

#: Touches the file it is given, so that a test sees it running, and runs until it is asked to end.
PATIENT = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A file that a command touches once it runs."""
    return tmp_path / "running"


def test_the_commands_status_is_passed_through(run_stack: RunStack) -> None:
    """`run` ends as its command ends, and leaves standard output to it alone."""
    stack = run_stack("run", "--only", "redis", "--", "sh", "-c", "echo $REDIS_URL; exit 7")
    output, _ = stack.communicate()

    assert stack.returncode == 7
    assert output.startswith("redis://")
    assert output.count("\n") == 1


def test_a_command_killed_by_a_signal_gives_128_and_its_number(run_stack: RunStack) -> None:
    """A command that dies of SIGKILL is reported as a shell would."""
    stack = run_stack("run", "--only", "redis", "--", "sh", "-c", "kill -KILL $$")
    stack.communicate()

    assert stack.returncode == 128 + signal.SIGKILL


def test_a_command_that_does_not_exist_is_said_so(run_stack: RunStack) -> None:
    """A mistyped command gives a clear message and a status of its own."""
    stack = run_stack("run", "--only", "redis", "--", "no-such-command")
    _, errors = stack.communicate()

    assert (stack.returncode, "no such command: no-such-command" in errors) == (1, True)


def test_a_server_that_does_not_exist_is_said_so(run_stack: RunStack) -> None:
    """A mistyped server is refused before anything is started."""
    stack = run_stack("run", "--only", "databse", "--", "true")
    _, errors = stack.communicate()

    assert (stack.returncode, "not a server: databse" in errors) == (2, True)


def test_sigterm_ends_the_command_and_leaves_no_process(
    run_stack: RunStack, stage: Path, wait_until: WaitUntil
) -> None:
    """SIGTERM reaches the command, then everything is stopped, within 15 s."""
    stack = run_stack("run", "--only", "redis,storage", "--", sys.executable, "-c", PATIENT, str(stage))
    wait_until(stage.exists, "the command runs")
    family = psutil.Process(stack.pid).children(recursive=True)
    assert len(family) == 3

    began = time.monotonic()
    stack.terminate()
    stack.communicate(timeout=15)

    assert time.monotonic() - began < 15
    assert stack.returncode == 128 + signal.SIGTERM
    assert not [process for process in family if _is_alive(process)]


def test_sigint_reaches_the_command_once(run_stack: RunStack, stage: Path, wait_until: WaitUntil) -> None:
    """Ctrl-C is handled by the command; its status is returned."""
    command = (
        "import pathlib, signal, sys, time;"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(42));"
        "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
    )
    stack = run_stack("run", "--only", "redis", "--", sys.executable, "-c", command, str(stage))
    wait_until(stage.exists, "the command runs")

    stack.send_signal(signal.SIGINT)
    stack.communicate(timeout=15)

    assert stack.returncode == 42


def test_what_the_command_left_running_is_ended(run_stack: RunStack, tmp_path: Path) -> None:
    """A process that the command put into the background does not outlive the stack."""
    note = tmp_path / "pid"
    stack = run_stack("run", "--only", "redis", "--", "sh", "-c", f"sleep 600 > /dev/null 2>&1 & echo $! > {note}")
    stack.communicate(timeout=15)

    assert stack.returncode == 0
    pid = int(note.read_text())
    assert not psutil.pid_exists(pid) or not _is_alive(psutil.Process(pid))


@pytest.mark.slow
def test_sigkill_of_the_supervisor_leaves_no_process(
    run_stack: RunStack, stage: Path, wait_until: WaitUntil, tmp_path: Path
) -> None:
    """Servers and command end by themselves when the supervisor is killed, and the folder can be used again."""
    data = ("--data", str(tmp_path / "data"), "--only", "redis,storage,database")
    stack = run_stack("run", *data, "--", sys.executable, "-c", PATIENT, str(stage))
    wait_until(stage.exists, "the command runs", seconds=30)
    family = psutil.Process(stack.pid).children(recursive=True)
    assert len(family) > 4

    stack.kill()
    stack.wait()
    wait_until(lambda: not [process for process in family if _is_alive(process)], "every process has ended")

    again = run_stack("run", *data, "--", "true")
    again.communicate(timeout=60)
    assert again.returncode == 0


def test_a_part_that_does_not_come_up_is_explained(run_stack: RunStack, tmp_path: Path) -> None:
    """A server that cannot start ends the program with the last lines of its log."""
    data = tmp_path / "data"
    (data / "redis").mkdir(parents=True)
    (data / "redis" / "appendonlydir").write_text("a file where a folder belongs")

    stack = run_stack("run", "--data", str(data), "--only", "redis", "--", "true")
    _, errors = stack.communicate(timeout=30)

    assert stack.returncode == 1
    assert "redis ended with status 1 before it was ready" in errors
    assert "appendonlydir" in errors


@pytest.mark.slow
def test_up_keeps_everything_running_until_it_is_told_to_stop(
    run_stack: RunStack, tmp_path: Path, wait_until: WaitUntil
) -> None:
    """`up` shows the address and a key that work, starts again what dies, stops within 15 s, and keeps its data."""
    data = str(tmp_path / "data")
    stack = run_stack("up", "--workers", "0", "--data", data)
    lines = _follow(stack)
    wait_until(lambda: "Ctrl-C stops everything." in lines, "everything is up", seconds=60)
    family = psutil.Process(stack.pid).children(recursive=True)

    starts = ("http", "export DARKROOM_URL", "export DARKROOM_API_KEY", "curl ")
    shown = [start for line in lines for start in starts if line.startswith(start)]
    assert shown == [*starts], "the page's link first, then what is pasted, then a call"
    link = next(line for line in lines if line.startswith("http"))
    curl = shlex.split(next(line for line in lines if line.startswith("curl ")))
    headers = dict(header.split(": ") for header in (curl[curl.index("-H") + 1], "Content-Type: application/json"))
    submitted = httpx2.post(curl[1], headers=headers, content=curl[-1])
    assert (curl[1].endswith("/v1/jobs"), submitted.status_code) == (True, 202)

    # As pasted into another terminal, for the next steps of the README.
    exports = "\n".join(line for line in lines if line.startswith("export "))
    pasted = subprocess.run(
        ["sh", "-c", f'{exports}\nprintf "%s " "$DARKROOM_URL/v1/jobs" "Bearer $DARKROOM_API_KEY"'],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert pasted.stdout.strip() == f"{curl[1]} {headers['Authorization']}"

    address, _, key = link.partition("#key=")
    assert (f"{address}v1/jobs", f"Bearer {key}") == (curl[1], headers["Authorization"])
    assert "<!doctype html>" in httpx2.get(address, headers={"Accept": "text/html"}).text

    beat = next(process for process in family if "beat" in process.cmdline())
    beat.kill()
    wait_until(lambda: "beat is back" in lines, "what died was started again", seconds=30)
    family = psutil.Process(stack.pid).children(recursive=True)

    began = time.monotonic()
    stack.terminate()
    assert stack.wait(timeout=20) == 0
    assert time.monotonic() - began < 15
    assert not [process for process in family if _is_alive(process)]

    again = run_stack("run", "--data", data, "--only", "database", "--", "sh", "-c", "echo $DARKROOM_API_KEY")
    assert again.communicate(timeout=30)[0].strip() == headers["Authorization"].removeprefix("Bearer ")


def _is_alive(process: psutil.Process) -> bool:
    """Whether it runs; the remains of an ended one may wait a moment for the system's first process."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _follow(stack: subprocess.Popen[str]) -> list[str]:
    """The lines of standard error, as they come."""
    lines: list[str] = []
    assert stack.stderr is not None
    source = stack.stderr
    Thread(target=lambda: lines.extend(line.rstrip() for line in source), daemon=True).start()
    return lines
