"""Starts processes of the embedded stack from warm parents."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from core.settings import Settings
from infra.local.application import REPOSITORY
from infra.local.command import Command, Process, StartProcess, start_process
from infra.local.environment import inherit
from tests.warm.parent import Start

#: What a rendering worker has imported when it takes its first job.
_RENDERER = ("worker.__main__", "worker.rendering.runtime", "worker.rendering.tasks", "celery.bin.worker")

#: The same of all others, none of which knows torch.
_OTHERS = (
    *("worker.__main__", "celery.bin.worker", "celery.apps.beat"),
    *("worker.webhooks.tasks", "worker.fetches.tasks", "worker.sheets.tasks", "worker.maintenance.tasks"),
    *("worker.maintenance.queue_collector",),
    *("gunicorn.app.wsgiapp", "api.app", "api.server.worker"),
    *("alembic.config", "admin.commands"),
)

#: Variables in which a process may differ from its parent: nothing reads them while it is imported.
_READ_LATER = {
    *(name.upper() for name in Settings.model_fields),
    *("DARKROOM_URL", "DARKROOM_API_KEY", "DARKROOM_PAGE_URL", "FAULT_POINTS", "FAULT_SEED", "GUNICORN_CMD_ARGS"),
    "PYTEST_CURRENT_TEST",
    # Of tests/faults/tampered. CLOCK_OFFSET_SECONDS is not here: modules keep the `time` that they have imported.
    *("FAULT_FILE", "DIE_WITH_RING", "HANG_FILE", "LOSE_DEVICE", "DEAF"),
    # Importing torch sets it, also in the process of the tests.
    "TORCHINDUCTOR_CACHE_DIR",
}

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def start_warm(command: Command, log: IO[bytes], keeps_output: bool) -> Process:
    """Fork a process of Darkroom from one that has its imports; start anything else as a new program, and also a process of
    Darkroom whose environment could change what its imports do.
    """
    return _start(command, log, keeps_output=keeps_output, imported_with=())


def warm_starts(settings: Mapping[str, str]) -> StartProcess:
    """The same for a stack with these settings: what imports could read of them, its own warm parents have read."""
    imported_with = tuple(sorted((name, value) for name, value in settings.items() if name not in _READ_LATER))

    def start(command: Command, log: IO[bytes], keeps_output: bool) -> Process:
        return _start(command, log, keeps_output=keeps_output, imported_with=imported_with)

    return start


def _start(
    command: Command, log: IO[bytes], *, keeps_output: bool, imported_with: tuple[tuple[str, str], ...]
) -> Process:
    words = list(command.arguments)
    if words[:2] != [sys.executable, "-m"]:
        return start_process(command, log, keeps_output)
    parent = _get_parent(_RENDERER if words[2:] == ["worker", "render"] else _OTHERS, imported_with)
    environment = inherit(command.environment)
    if not parent.has_imported_for(environment):
        return start_process(command, log, keeps_output)
    return parent.start(
        Start(
            parent=os.getpid(),
            orphan_signal=command.orphan_signal,
            module=words[2],
            arguments=words[3:],
            folder=str(command.folder),
            environment=environment,
        ),
        log,
        keeps_output=keeps_output,
    )


class _Adopted:
    """A child of this process that another one has forked."""

    def __init__(self, pid: int, stdout: IO[bytes] | None) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def communicate(self) -> tuple[bytes, bytes]:
        assert self.stdout is not None
        with self.stdout:
            output = self.stdout.read()
        self.wait()
        return output, b""


class _WarmParent:
    """A process with these imports, which ends with this one."""

    def __init__(self, modules: tuple[str, ...], imported_with: tuple[tuple[str, str], ...]) -> None:
        self._lock = threading.Lock()
        self._environment = inherit(dict(imported_with))
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the process)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm.parent", str(theirs.fileno()), *modules],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                # Ctrl-C goes to the tests alone.
                start_new_session=True,
            )
        atexit.register(self._close)
        # A test that imports the same would make all later starts cold: they take ten seconds each, and nobody sees why.
        unknown = set(json.loads(self._receive())) - self._environment.keys() - _READ_LATER
        assert not unknown, f"imports set {', '.join(sorted(unknown))}: add them to _READ_LATER"

    def has_imported_for(self, environment: dict[str, str]) -> bool:
        """Whether a process with this environment has what a new program would have imported."""
        different = {name for name, _ in environment.items() ^ self._environment.items()}
        return different <= _READ_LATER or (
            different <= {*_READ_LATER, "PYTHONPATH"} and _only_customises(environment.get("PYTHONPATH", ""))
        )

    def start(self, start: Start, log: IO[bytes], *, keeps_output: bool) -> _Adopted:
        """Fork a process."""
        with self._lock, Path(os.devnull).open("rb") as nothing:
            ours, theirs = os.pipe() if keeps_output else (None, log.fileno())
            with _adopting():
                socket.send_fds(self._control, [start.to_message()], [nothing.fileno(), theirs, log.fileno()])
                pid = int(self._receive())
            if ours is None:
                return _Adopted(pid, None)
            os.close(theirs)
            return _Adopted(pid, os.fdopen(ours, "rb"))

    def _receive(self) -> bytes:
        answer = self._control.recv(1_000)
        if not answer:
            self._output.seek(0)
            raise ChildProcessError(f"a warm parent has ended:\n{self._output.read().decode()}")
        return answer

    def _close(self) -> None:
        self._control.close()
        self._process.wait()
        self._output.close()


def _only_customises(folders: str) -> bool:
    """Whether all that a PYTHONPATH adds to a process is what runs at its start, which a warm parent makes up for."""
    return all(
        [path.name for path in Path(folder).glob("*.py")] == ["sitecustomize.py"]
        for folder in folders.split(os.pathsep)
    )


@cache
def _get_parent(modules: tuple[str, ...], imported_with: tuple[tuple[str, str], ...]) -> _WarmParent:
    return _WarmParent(modules, imported_with)


@contextmanager
def _adopting() -> Iterator[None]:
    """The descendants that lose their parents become children of this process."""
    _set_subreaper(1)
    try:
        yield
    finally:
        _set_subreaper(0)


def _set_subreaper(value: int) -> None:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(*map(ctypes.c_ulong, (_PR_SET_CHILD_SUBREAPER, value, 0, 0, 0))) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
