"""Notices that this machine is about to go (a spot instance, a node that is being emptied): they drain like SIGTERM."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import structlog

_LOOK_SECONDS = 1.0

_log = structlog.get_logger()


def install_drain_notices(drain_file: str) -> None:
    """From now on SIGUSR1, or a file that appears at this path ("" for none), ends the process as SIGTERM does.

    Call it in the main thread, once the handler of SIGTERM is installed.
    """
    signal.signal(signal.SIGUSR1, signal.getsignal(signal.SIGTERM))
    if drain_file:
        threading.Thread(target=_watch, args=(Path(drain_file),), name="drain-file", daemon=True).start()


def _watch(path: Path) -> None:
    while not path.exists():
        time.sleep(_LOOK_SECONDS)
    _log.info("drain_file_found", path=str(path))
    # To the main thread: it may be waiting for Redis, and the signal wakes it up.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
