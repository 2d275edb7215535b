"""One command on a stack: its signals, its status, and the end of all its processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from infra.local.command import bind_to_parent
from infra.local.environment import override
from infra.local.signals import stop_requests

#: How long a command may take to end after SIGTERM. After Ctrl-C there is no limit, until the next Ctrl-C.
_TERM_SECONDS = 4
_POLL_SECONDS = 0.02


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command with these variables added, forward requests to end, and return its status.

    The status of a command that died of a signal is 128 + its number, as a shell puts it. At the second request, or
    some seconds after a SIGTERM, the command is killed. Raises FileNotFoundError if there is no such command.
    """
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(f"no such command: {command[0]}")

    requests: list[int] = []
    with stop_requests(lambda signum, _frame: requests.append(signum)):
        process = subprocess.Popen(
            [*bind_to_parent(signal.SIGKILL), *command], env=override(os.environ, environment), start_new_session=True
        )
        try:
            _forward(requests, process.pid)
        finally:
            # Together with what it left running in its session, before its id can be given to another process.
            _signal_group(process.pid, signal.SIGKILL)
            status = process.wait()
    return 128 - status if status < 0 else status


def _forward(requests: Sequence[int], pid: int) -> None:
    """Until the process ends, send it what arrives in `requests`. The caller has to reap it."""
    deadline = float("inf")
    is_forwarded = False
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if requests and not is_forwarded:
            is_forwarded = True
            _signal_group(pid, requests[0])
            if requests[0] != signal.SIGINT:
                deadline = time.monotonic() + _TERM_SECONDS
        if len(requests) > 1 or time.monotonic() > deadline:
            _signal_group(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _signal_group(pid: int, signum: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signum)
