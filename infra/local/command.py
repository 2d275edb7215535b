"""What a part runs: the program, its user, how its process is started, and how it ends with the supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol

from infra.local.environment import inherit

_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")


@dataclass(frozen=True)
class Identity:
    """The user of a process: the caller, one that it only sees itself as, or (root only) another one. See die_with_parent.py."""

    kind: Literal["same", "mapped", "other"] = "same"
    uid: int = 0
    gid: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.uid}:{self.gid}"


@dataclass(frozen=True)
class Command:
    """What a part runs, and the signals that end it."""

    arguments: Sequence[str]
    folder: Path
    #: Added to the environment that the parts inherit.
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    #: What the kernel sends it if the supervisor dies.
    orphan_signal: signal.Signals = signal.SIGKILL
    identity: Identity = field(default_factory=Identity)


def bind_to_parent(orphan_signal: signal.Signals, identity: Identity | None = None) -> list[str]:
    """The words to put before a command, so that it ends with this process and runs as this identity."""
    who = str(identity or Identity())
    return [sys.executable, "-I", "-S", str(_DIE_WITH_PARENT), str(os.getpid()), str(int(orphan_signal)), who]


class Process(Protocol):
    """What a part needs of its process, which is a child of this one: what subprocess.Popen has."""

    pid: int
    stdout: IO[bytes] | None

    @property
    def returncode(self) -> int | None:
        """The exit status, once somebody has waited for it."""

    def wait(self) -> int:
        """Wait for the end, and return the exit status."""

    def communicate(self) -> tuple[bytes, bytes]:
        """Standard output until the end; nothing else is read."""


#: Starts a command in a session of its own, with its output in the log; if the last argument is true, standard output is a
#: pipe to the caller.
StartProcess = Callable[[Command, IO[bytes], bool], Process]


def start_process(command: Command, log: IO[bytes], keeps_output: bool) -> Process:
    """Start it as the system does: a new program."""
    return subprocess.Popen(
        [*bind_to_parent(command.orphan_signal, command.identity), *command.arguments],
        cwd=command.folder,
        env=inherit(command.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if keeps_output else log,
        stderr=log,
        # Ctrl-C in the terminal goes to the supervisor alone, which stops the parts in order.
        start_new_session=True,
    )


class Spawner:
    """Starts processes on one thread, which ends with `close`: the kernel ends a process with the thread that started it."""

    def __init__(self, start: StartProcess) -> None:
        self._start = start
        self._thread: ThreadPoolExecutor | None = None

    def start(self, command: Command, log: IO[bytes], keeps_output: bool) -> Process:
        """Start a process on that thread."""
        self._thread = self._thread or ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-stack-spawner")
        return self._thread.submit(self._start, command, log, keeps_output).result()

    def close(self) -> None:
        """End the thread, and with it all processes that still run."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
