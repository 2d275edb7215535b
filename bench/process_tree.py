"""A program with all its descendants: its CPU time, pausing and stopping."""

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

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        speaks: bool,
        folder: Path = _REPOSITORY,
    ) -> None:
        """Start the program in the folder. Its output goes to the log, except standard output if it `speaks`: that is a pipe to
        us.
        """
        with log.open("ab") as log_file:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if speaks else log_file,
                stderr=log_file,
                text=True,
                start_new_session=True,
            )
        self._root = psutil.Process(self.process.pid)

    @property
    def pipes(self) -> tuple[IO[str], IO[str]]:
        """Standard input and output of a program that `speaks`."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        return stdin, stdout

    def cpu_seconds(self) -> float:
        """User and system time, in seconds, of the processes that are alive."""
        seconds = 0.0
        for process in self._members():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds

    def pause(self) -> None:
        """Freeze all its processes, so that they use nothing while another system is measured."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let its processes continue."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End all its processes: LitServe leaves its workers behind if it alone is terminated."""
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
