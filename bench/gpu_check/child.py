"""The process of one part."""

from __future__ import annotations

import faulthandler
import importlib
import os
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from bench.gpu_check.findings import Finding
from bench.gpu_check.setting import Setting

#: A finding; or the end: why the part failed, or None.
Message = Finding | str | None

#: Seconds before the limit at which a part that hangs prints where.
_BEFORE_THE_LIMIT = 1.0


def run_in_child(run: str, setting: Setting, sender: Connection, log: Path, seconds: float) -> None:
    """Run the part (`module:function`) and send its findings; what it prints goes to the file `log`."""
    os.setpgid(0, 0)
    printed = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed, sys.stdout.fileno())
    os.dup2(printed, sys.stderr.fileno())
    faulthandler.enable()
    faulthandler.dump_traceback_later(max(_BEFORE_THE_LIMIT, seconds - _BEFORE_THE_LIMIT), exit=False)
    try:
        module, _, function = run.partition(":")
        getattr(importlib.import_module(module), function)(setting, sender.send)
        end = None
    except BaseException as error:  # noqa: BLE001  (whatever it is, it belongs on the page)
        traceback.print_exc()
        end = f"{type(error).__name__}: {error}"
    sys.stdout.flush()
    sys.stderr.flush()
    sender.send(end)
    # Threads of the engine, or a device that is broken, must not keep the process.
    os._exit(0 if end is None else 1)
