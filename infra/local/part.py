"""One process of the stack: start, wait, stop, kill, freeze, with its output in a log file."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from threading import RLock

from infra.local.command import Command, Process, StartProcess
from infra.local.processes import list_descendants

POLL_SECONDS = 0.02
_TAIL_LINES = 30


class PartState(StrEnum):
    """The state of a part."""

    #: Not started yet.
    WAITING = "waiting"
    #: The process runs, but does not serve yet.
    STARTING = "starting"
    #: It serves; for a one-shot part: done.
    READY = "ready"
    #: Asked to end, and still there.
    STOPPING = "stopping"
    #: Ended because it was asked to, or killed.
    STOPPED = "stopped"
    #: Ended by itself, or never became ready.
    FAILED = "failed"


class PartFailed(Exception):
    """A part ended by itself, or did not become ready in time; `log_tail` is the end of its log."""

    def __init__(self, name: str, reason: str, log_path: Path, log_tail: str) -> None:
        super().__init__("\n".join(filter(None, [f"{name} {reason}", log_tail, f"(the whole log: {log_path})"])))
        self.name = name
        self.reason = reason
        self.log_path = log_path
        self.log_tail = log_tail


class Part:
    """One supervised process. Safe to use from several threads.

    `build_command` is called at every start, so that it may prepare files; `is_ready` is called every 20 ms until it
    returns True; `explain` is given the log of a start that failed, and returns why if it can; `listener` is called at every change of state.
    """

    #: Whether standard output is a pipe to the caller; else it goes to the log.
    _keeps_output = False

    def __init__(
        self,
        name: str,
        build_command: Callable[[], Command],
        *,
        is_ready: Callable[[], bool],
        log_path: Path,
        start_process: StartProcess,
        listener: Callable[[Part], None] | None = None,
        explain: Callable[[str], str | None] = lambda _log: None,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self.state = PartState.WAITING
        self.started_at = 0.0
        self.ready_at: float | None = None
        self._build_command = build_command
        self._is_ready = is_ready
        self._start_process = start_process
        self._listener = listener
        self._explain = explain
        self._lock = RLock()
        self._process: Process | None = None
        self._stop_signal = signal.SIGTERM
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The id of the main process. Raises ProcessLookupError before the first start."""
        return self._get_process().pid

    @property
    def returncode(self) -> int | None:
        """The exit status of the process (minus the signal that killed it); None while it runs or was never started."""
        if self._process is None:
            return None
        if self._process.returncode is not None:
            return int(self._process.returncode)
        # Read without reaping: until then its id cannot be given to another process.
        end = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if end is None:
            return None
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    @property
    def is_running(self) -> bool:
        """Whether the process exists; a frozen one does."""
        return self._process is not None and self.returncode is None

    @property
    def has_died(self) -> bool:
        """Whether the process has ended without being asked to."""
        return self.state in {PartState.STARTING, PartState.READY} and self.returncode is not None

    def start(self) -> None:
        """Start the process, and return before it is ready. Raises RuntimeError if it runs already."""
        with self._lock:
            if self.is_running:
                raise RuntimeError(f"{self.name} runs already, as process {self.pid}")
            self._reap()
            self.started_at, self.ready_at = time.monotonic(), None
            self._change(PartState.STARTING)
            try:
                self._spawn(self._build_command())
            except BaseException:
                self._change(PartState.FAILED)
                raise

    def wait_until_ready(self, timeout: float = 60) -> None:
        """Return once the part serves. Raises PartFailed if it ended, or is not ready `timeout` s after its start."""
        while not self.check_ready(timeout):
            time.sleep(POLL_SECONDS)

    def check_ready(self, timeout: float = 60) -> bool:
        """Check once whether the part serves. Raises PartFailed as `wait_until_ready` does."""
        if self.state is PartState.STARTING:
            if self._has_come_up():
                self.ready_at = time.monotonic()
                self._change(PartState.READY)
            elif self.returncode is not None:
                raise self.describe_failure(f"ended with status {self.returncode} before it was ready")
            elif time.monotonic() - self.started_at > timeout:
                raise self.describe_failure(f"was not ready after {timeout:g} s")
        return self.state is PartState.READY

    def stop(self, timeout: float = 15) -> None:
        """Ask the process to end, and kill what is left of it after `timeout` seconds. Harmless if it does not run."""
        self.ask_to_stop()
        self.wait_until_stopped(timeout)

    def ask_to_stop(self) -> None:
        """Send the signal that ends the process in an orderly way, and return at once."""
        with self._lock:
            if self.is_running:
                self._change(PartState.STOPPING)
                self._signal([self.pid], self._stop_signal)
                # A frozen process does not receive the signal.
                self.resume()

    def wait_until_stopped(self, timeout: float = 15) -> None:
        """Wait for the end of a process that was asked to stop, and kill what is left of it after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.is_running and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self.kill()

    def kill(self, signum: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process and all its descendants; after SIGKILL, return when the process has ended."""
        with self._lock:
            if signum != signal.SIGKILL:
                self._signal_everything(signum)
            elif self._process is not None:
                if self.is_running:
                    self._change(PartState.STOPPING)
                self._reap()
                self._change(PartState.STOPPED)

    def pause(self) -> None:
        """Freeze the process and all its descendants, as a machine that swaps or a debugger does."""
        self._signal_everything(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen part continue."""
        self._signal_everything(signal.SIGCONT)

    def restart(self, timeout: float = 60) -> None:
        """Stop, start, and wait until ready."""
        self.stop()
        self.start()
        self.wait_until_ready(timeout)

    def describe_failure(self, reason: str) -> PartFailed:
        """Mark the part as failed, and return the error with the end of its log since its last start."""
        self._change(PartState.FAILED)
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode(errors="replace")
        if explanation := self._explain(text):
            return PartFailed(self.name, f"did not start: {explanation}", self.log_path, "")
        return PartFailed(self.name, reason, self.log_path, "\n".join(text.splitlines()[-_TAIL_LINES:]))

    def _spawn(self, command: Command) -> None:
        self._stop_signal = command.stop_signal
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = self._start_process(command, log, self._keeps_output)

    def _reap(self) -> None:
        """Kill what is left of the last start, and wait for the main process."""
        if self._process is not None and self._process.returncode is None:
            self._signal_everything(signal.SIGKILL)
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def _get_process(self) -> Process:
        if self._process is None:
            raise ProcessLookupError(f"{self.name} was never started")
        return self._process

    def _signal_everything(self, signum: signal.Signals) -> None:
        """Signal the main process's group, which may outlive it, and its descendants outside the group."""
        process = self._get_process()
        if process.returncode is None:
            descendants = list_descendants(process.pid)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signum)
            self._signal(descendants, signum)

    def _signal(self, pids: Sequence[int], signum: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def _has_come_up(self) -> bool:
        return self.is_running and self._is_ready()

    def _change(self, state: PartState) -> None:
        self.state = state
        if self._listener is not None:
            self._listener(self)
