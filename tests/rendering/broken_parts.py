"""Parts of a check that do not come to their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from bench.gpu_check.findings import Finding, Report, judge
from bench.gpu_check.setting import Setting


def succeed(_setting: Setting, report: Report) -> None:
    """Finds that all is well."""
    report(Finding("all", "well", judge(True)))


def fail(_setting: Setting, report: Report) -> None:
    """Raises after its first finding."""
    report(Finding("first", "found"))
    raise ZeroDivisionError("nothing to divide by")


def die(_setting: Setting, _report: Report) -> None:
    """Ends as a process does that the system kills for its memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang(_setting: Setting, report: Report) -> None:
    """Starts another process, reports its id, and never ends."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    report(Finding("other process", str(other.pid)))
    time.sleep(600)


def find_fault(_setting: Setting, report: Report) -> None:
    """Comes to its end, and what it finds is not as it has to be."""
    report(Finding("pixels", "differ", judge(False)))
