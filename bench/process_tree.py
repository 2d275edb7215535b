"""A program with all that it started: what it used, and its end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

_REPOSITORY = Path(__file__).parents[1]
_SECONDS_TO_STOP = 5


class ProcessTree:
    """A child process and its descendants (LitServe's and BentoML's workers are processes of their own)."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path, speaks: bool) -> None:
        """What it prints goes to the log, except for standard output when it `speaks` to us there."""
        with log.open("ab") as log_file:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=_REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if speaks else log_file,
                stderr=log_file,
                text=True,
                start_new_session=True,
            )
        self._root = psutil.Process(self.process.pid)

    @property
    def pipes(self) -> tuple[IO[str], IO[str]]:
        """Standard input and output, of one that speaks."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        return stdin, stdout

    def cpu_seconds(self) -> float:
        """User and system time that the processes alive have used so far."""
        seconds = 0.0
        for process in self._members():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds

    def pause(self) -> None:
        """Stop all of it where it is, so that it uses nothing while another is measured."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, orphans included: LitServe leaves its workers behind when it is terminated alone."""
        members = self._members()
        self._signal(signal.SIGCONT)
        for process in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _, alive = psutil.wait_procs(members, timeout=_SECONDS_TO_STOP)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _members(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _signal(self, number: signal.Signals) -> None:
        for process in self._members():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
