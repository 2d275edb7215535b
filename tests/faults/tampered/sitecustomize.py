"""Python imports this first if its folder is on PYTHONPATH: the process is the real one, tampered with.

FAULT_FILE: a file with a FAULT_POINTS of one point. The first thread to reach that point deletes the file, and the fault
happens: so one process, whose start takes seconds, can be hit at every point, one after another. The points around a ring
are those of the rings for its jobs: a worker also rings as it starts, and when it checks whether it is deaf. DIE_WITH_RING: the first
ring that arrives while this file exists is taken off the queue, and the process is killed before Celery knows of it.
CLOCK_OFFSET_SECONDS: the error of Python's `time.time()`. HANG_FILE: the first denoising step that begins while this file
exists deletes it and never ends. LOSE_DEVICE: the first forward of a denoiser that begins while this file exists deletes it and
fails as if its memory had been illegal to access, and so does each later one. DEAF: the Celery consumer stops taking messages as soon as it is ready, as it did after
lost connections in earlier releases of Celery.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from threading import current_thread
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


def _tamper(name: str, change: Callable[[ModuleType], None]) -> None:
    """Changes the module, or has it changed when it is imported. A process that was forked has imported it already."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Tampering(name, change))


_AROUND_RINGS = ("before_ring", "after_ring")


class _ArmsOfFile(dict[str, Any]):
    """Replaces the arms of the environment."""

    def __init__(self, fault_points: ModuleType) -> None:
        super().__init__()
        self._parse = fault_points.parse_fault_points

    def get(self, point: str, default: Any = None) -> Any:
        file = Path(os.environ["FAULT_FILE"])
        try:
            arms = self._parse(file.read_text())
            if point not in arms or (point in _AROUND_RINGS and current_thread().name != "ring-sender"):
                return default
            file.unlink()
        except FileNotFoundError:
            return default
        return arms[point]


def _arm_by_file(fault_points: Any) -> None:
    arms = _ArmsOfFile(fault_points)
    fault_points.get_armed = lambda: arms


def _die_with_a_ring(broker: Any) -> None:
    deliver = broker.Transport._deliver

    def deliver_or_die(self: Any, *arguments: Any) -> None:
        if Path(os.environ["DIE_WITH_RING"]).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        deliver(self, *arguments)

    broker.Transport._deliver = deliver_or_die


def _let_a_step_hang(schedulers: Any) -> None:
    scheduler = schedulers.DDIMScheduler
    step = scheduler.step

    def step_or_hang(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            Path(os.environ["HANG_FILE"]).unlink()
        except FileNotFoundError:
            return step(self, *arguments, **options)
        while True:
            time.sleep(1)

    scheduler.step = step_or_hang


def _lose_the_device(unets: Any) -> None:
    forward = unets.UNet2DConditionModel.forward
    is_lost = False

    def forward_or_fail(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal is_lost
        file = Path(os.environ["LOSE_DEVICE"])
        is_lost = is_lost or file.exists()
        if is_lost:
            import torch

            file.unlink(missing_ok=True)
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)
        return forward(self, *arguments, **options)

    unets.UNet2DConditionModel.forward = wraps(forward)(forward_or_fail)


def _become_deaf(sender: Any, **_: object) -> None:
    for queue in list(sender.app.amqp.queues):
        sender.cancel_task_queue(queue)


if "FAULT_FILE" in os.environ:
    _tamper("core.fault_points", _arm_by_file)
if "DIE_WITH_RING" in os.environ:
    _tamper("worker.broker", _die_with_a_ring)
if "CLOCK_OFFSET_SECONDS" in os.environ:
    real_time, offset = time.time, float(os.environ["CLOCK_OFFSET_SECONDS"])
    time.time = lambda: real_time() + offset
if "HANG_FILE" in os.environ:
    _tamper("diffusers.schedulers.scheduling_ddim", _let_a_step_hang)
if "LOSE_DEVICE" in os.environ:
    _tamper("diffusers.models.unets.unet_2d_condition", _lose_the_device)
if "DEAF" in os.environ:
    from celery.signals import worker_ready

    worker_ready.connect(_become_deaf, weak=False)
