"""Python imports this first where its folder is on PYTHONPATH: the process is the real one, tampered with.

FAULT_FILE: a FAULT_POINTS of one point, in a file. The first to come to that point takes the file away, and what it says
happens: so one process, whose start takes seconds, can be hit at every point, one after another. DIE_WITH_RING: the first
ring that arrives while this file exists is taken off the queue, and the process is killed before Celery knows of it.
CLOCK_OFFSET_SECONDS: what Python's `time.time()` says is wrong by so much.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any


class _Tampering(MetaPathFinder):
    """Finds one module itself, and changes it once it is loaded."""

    def __init__(self, name: str, change: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._change = change

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module: ModuleType) -> None:
                load(module)
                self._change(module)

            spec.loader.exec_module = load_and_change  # type: ignore[method-assign]  # of this one loader only
        return spec


class _ArmsOfFile(dict[str, Any]):
    """Stands where the arms of the environment stand."""

    def __init__(self, fault_points: ModuleType) -> None:
        super().__init__()
        self._parse = fault_points.parse_fault_points

    def get(self, point: str, default: Any = None) -> Any:
        file = Path(os.environ["FAULT_FILE"])
        try:
            arms = self._parse(file.read_text())
            if point not in arms:
                return default
            file.unlink()
        except FileNotFoundError:
            return default
        return arms[point]


def _arm_by_file(fault_points: Any) -> None:
    fault_points._ARMED = _ArmsOfFile(fault_points)


def _die_with_a_ring(broker: Any) -> None:
    deliver = broker.Transport._deliver

    def deliver_or_die(self: Any, *arguments: Any) -> None:
        if Path(os.environ["DIE_WITH_RING"]).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        deliver(self, *arguments)

    broker.Transport._deliver = deliver_or_die


if "FAULT_FILE" in os.environ:
    sys.meta_path.insert(0, _Tampering("core.fault_points", _arm_by_file))
if "DIE_WITH_RING" in os.environ:
    sys.meta_path.insert(0, _Tampering("worker.broker", _die_with_a_ring))
if "CLOCK_OFFSET_SECONDS" in os.environ:
    real_time, offset = time.time, float(os.environ["CLOCK_OFFSET_SECONDS"])
    time.time = lambda: real_time() + offset
